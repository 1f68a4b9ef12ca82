/** `npm run bench -- CASE... [--json FILE]`: measures, beside a peer in the same run. Nothing here passes or fails: read the ratios. */
import { writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { parseArgs } from 'node:util';

const CASES = {
  compare: 'runs of an evaluation by the queue of a node, from the first start to the last result, beside a plain loop of docker run',
  kit: 'the kit from the files of a 512x512x300 series to its segmentation, apart from the network, beside dcm2niix; writing segmentations of 5 and 100 segments; sizes of images',
  metrics: 'Dice and surface distances of a 512x512x134 pair of masks, beside plastimatch dice --all',
  pipeline: 'milliseconds per stage from last instance to delivered, beside the bare container and a plain STOW-RS of the same bytes',
  receive: 'C-STORE of CT images into the node, storescp, Orthanc and a bare socket-to-disk server, with 1, 4 and 8 associations',
  rules:
    'precision and recall of the shipped rules on labelled studies; whether each study of a simulated day with faults is accounted for; a rehearsal over 10 000 stored studies; deciding a study of 3 000 instances',
  settle:
    'senders that trickle: settlings that came too early, and seconds from last instance to settled, for each signal and for the rules of peers',
};
const LEAST_REPEATS = 5;

const HELP = `npm run bench -- CASE... [options]

Cases
${Object.entries(CASES)
  .map(([name, what]) => `  ${name.padEnd(15)}${what}`)
  .join('\n')}

Options
  --repeats N    measure each figure N times and give the median (at least and by default ${LEAST_REPEATS}); one more is made first to warm up
  --json FILE    write {"rows":[{"case","peer",…}]} too
  --help         this text

What a case needs and this machine lacks is said by name.`;

const options = { json: { type: 'string' }, repeats: { type: 'string' }, keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } };

const asked = ask();
if (typeof asked === 'string') {
  process.stderr.write(`${asked}\n\n${HELP}\n`);
  process.exitCode = 2;
} else if (asked.help) process.stdout.write(`${HELP}\n`);
else process.exitCode = await measure(asked);

/** What is wanted, or what is wrong with it. */
function ask() {
  try {
    const { values, positionals: cases } = parseArgs({ options, allowPositionals: true });
    if (values.help) return { help: true };
    const unknown = cases.filter((name) => !Object.hasOwn(CASES, name));
    if (unknown.length > 0) return `unknown case ${unknown.join(', ')}: expected one of ${Object.keys(CASES).join(', ')}`;
    if (cases.length === 0) return `no case named: expected one of ${Object.keys(CASES).join(', ')}`;
    const repeats = Number(values.repeats ?? LEAST_REPEATS);
    if (!Number.isInteger(repeats) || repeats < LEAST_REPEATS)
      return `--repeats ${values.repeats}: expected a whole number of at least ${LEAST_REPEATS}`;
    return { cases, repeats, json: values.json };
  } catch (error) {
    return error.message;
  }
}

async function measure({ cases, repeats, json }) {
  register('./typescript.mjs', import.meta.url);
  // The tests' support cleans up after itself by jest's hook.
  const cleanUps = [];
  globalThis.afterAll = (hook) => cleanUps.push(hook);
  const rows = [];
  try {
    for (const name of cases) {
      const { run } = await import(`./${name}.ts`);
      rows.push(...(await run({ repeats })));
    }
  } catch (error) {
    process.stderr.write(`${error.stack}\n`);
    return 1;
  } finally {
    for (const cleanUp of cleanUps) await cleanUp();
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ rows }, null, 2)}\n`);
  return 0;
}
