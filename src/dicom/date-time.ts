/** DA and TM (PS3.5 table 6.2-1) of a moment, in the node's local time. */
export function dicomDateTime(atMs: number): { date: string; time: string } {
  const now = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, '0');
  return {
    date: `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`,
    time: `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`,
  };
}
