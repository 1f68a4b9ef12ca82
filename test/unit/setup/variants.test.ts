/** What `npm run image` takes for variants of the base image. */
import { spawnSync } from 'node:child_process';

const variantsOf = (...args: string[]) => {
  const script = `
    import { variantsOf } from './deploy/setup/images.mjs';
    try { console.log(variantsOf(${JSON.stringify(args)}).join()); } catch (thrown) { console.log(thrown.message); }`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout.trim();
};

it('names none, as for the images of the example models alone, or some; another name is refused', () => {
  expect(variantsOf()).toBe('');
  expect(variantsOf('--keep')).toBe('');
  expect(variantsOf('python', '--keep')).toBe('python');
  expect(variantsOf('python', 'lungs')).toBe('seen: lungs; expected variants of the base image (python, plastimatch), or none');
});
