/** Doing often what is wanted all the time. */

/** Calls `action` at once, and again at most every `everyMs`: calls in between are one call at the end of that time. */
export function atMostEvery(everyMs: number, action: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let again = false;
  const act = (): void => {
    again = false;
    action();
    timer = setTimeout(() => {
      timer = undefined;
      if (again) act();
    }, everyMs).unref();
  };
  return () => {
    if (timer === undefined) act();
    else again = true;
  };
}
