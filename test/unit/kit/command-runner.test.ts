/** Programs as steps: their files, their end, their lines; and a run that goes on at a step. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSteps, workflowOf } from '../../support/kit-steps.js';
import type { Step } from '../../support/kit-steps.js';
import { mixedStudy } from '../../support/mhub/study.js';
import { tempFolder } from '../../support/temp.js';
import { until } from '../../support/until.js';

const study = mixedStudy('command runner', { ct: { modality: 'CT' } });
const { seriesInstanceUid } = study.series.ct;
const input = join(study.files[0], '..');

/** A package with a script for Node, which is there on every machine. */
function packageWith(script: string) {
  const modelDir = tempFolder('kit-package');
  writeFileSync(
    join(modelDir, 'script.mjs'),
    `import { readFileSync, readdirSync, writeFileSync } from 'node:fs';\nconst [, , ...args] = process.argv;\n${script}`,
  );
  return { folders: { inputDir: '', outputDir: '', modelDir } };
}

const runner = (settings: Readonly<Record<string, unknown>>): Step => ({
  module: 'CommandRunner',
  command: [process.execPath, '[model]/script.mjs'],
  ...settings,
});
const organizer: Step = { module: 'DataOrganizer', targets: ['txt-->[i:sid]/[basename]'] };

const asked = {
  command: [process.execPath, '[model]/script.mjs', '[series]', '[said]', '--sid=[i:sid]'],
  inputs: { series: 'dicom' },
  outputs: { said: { file: 'said.txt', type: 'txt' } },
};

const leftBehind = () => readdirSync(tmpdir()).filter((name) => name.startsWith('anteroom-kit-') && /^anteroom-kit-[^-]{6}$/.test(name));

describe('CommandRunner', () => {
  it('gives a program its files and arguments as they are, and takes what it leaves', async () => {
    const script =
      "console.log('at work'); console.error('half way'); writeFileSync(args[1], JSON.stringify([readdirSync(args[0]).length, args[2]]));";
    const before = leftBehind();
    const run = await runSteps(input, ['DicomImporter', runner(asked), organizer], packageWith(script));
    expect(run.failed).toEqual([]);
    expect(readFileSync(join(run.outputDir, seriesInstanceUid, 'said.txt'), 'utf8')).toBe(`[4,"--sid=${seriesInstanceUid}"]`);
    expect(run.log).toContain('NOTICE CommandRunner: stdout: at work');
    expect(run.log).toContain('NOTICE CommandRunner: stderr: half way');
    expect(leftBehind()).toEqual(before);
  });

  it('has no shell between', async () => {
    const settings = { ...asked, command: [...asked.command.slice(0, 4), '$(id) ; echo > x'] };
    const run = await runSteps(input, ['DicomImporter', runner(settings), organizer], packageWith('writeFileSync(args[1], args[2]);'));
    expect(readFileSync(join(run.outputDir, seriesInstanceUid, 'said.txt'), 'utf8')).toBe('$(id) ; echo > x');
  });

  it.each([
    ['its exit code', "console.log('disk full'); process.exitCode = 3;", /ended with exit code 3, expected 0; its last line: disk full/],
    ['a signal', "process.kill(process.pid, 'SIGABRT');", /was ended by SIGABRT/],
    ['no file', '', /ended with exit code 0 without its file said\.txt/],
  ])('fails the case by %s', async (_, script, reason) => {
    const run = await runSteps(input, ['DicomImporter', runner(asked), organizer], packageWith(script));
    expect(run.failed).toEqual([seriesInstanceUid]);
    expect(run.log).toMatch(reason);
  });

  it('does not wait for what a program that has ended left running', async () => {
    const script = `const { spawn } = await import('node:child_process');
spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'inherit' }).unref(); writeFileSync(args[1], 'done'); process.exit(0);`;
    const run = await runSteps(input, ['DicomImporter', runner({ ...asked, timeout_s: 4 }), organizer], packageWith(script));
    expect(run.failed).toEqual([]);
  });

  it('stops a program that takes too long, and what it started', async () => {
    const pid = join(tempFolder('pid'), 'pid');
    const script = `const { spawn } = await import('node:child_process');
const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'inherit' });
writeFileSync(${JSON.stringify(pid)}, String(child.pid)); setInterval(() => 0, 1000);`;
    const run = await runSteps(input, ['DicomImporter', runner({ ...asked, timeout_s: 1 }), organizer], packageWith(script));
    expect(run.log).toMatch(/did not end within 1 s and was stopped/);
    await until('its child to end', () => Promise.resolve(!isRunning(Number(readFileSync(pid, 'utf8')))));
  });

  it.each([
    [
      'a name that nothing stands for',
      { command: [process.execPath, '[image]'] },
      /command names \[image\], expected \[model\] or \[i:…\]/,
    ],
    ['a program that is not there', { command: ['no-such-program'] }, /the program no-such-program is not there/],
    ['a script that is not there', { command: [process.execPath, '[model]/other.py'] }, /the file .*\/other\.py is not there/],
  ])('refuses %s before a series is read', async (_, settings, reason) => {
    await expect(runSteps('/nowhere', ['DicomImporter', runner(settings)], packageWith(''))).rejects.toThrow(reason);
  });

  it.each([
    [{ outputs: { mask: { file: 'm.nii.gz', type: 'nifti', labels: { 1: 'LIVR' } } } }, /is no structure/],
    [{ outputs: { mask: { file: 'm.nii.gz', type: 'nifti', labels: { 2: 'LIVER' } } } }, /labels 1, 2, 3 … without a gap/],
    [{ outputs: { mask: { file: '../m', type: 'nifti' } } }, /outputs\.mask\.file/],
    [{ inputs: { image: 'nifti:mod=ct' } }, /CommandRunner needs nifti:mod=ct, which no module before it makes/],
  ])('refuses the settings %j', (settings, reason) => {
    expect(() => workflowOf(['DicomImporter', runner(settings)])).toThrow(reason);
  });
});

describe('a run that is kept for debugging', () => {
  const steps: Step[] = ['DicomImporter', 'NiftiConverter', runner(asked), organizer];

  it('goes on at a step with what the cases held before it', async () => {
    const debugDir = tempFolder('kit-debug');
    const failing = await runSteps(input, steps, { ...packageWith('process.exitCode = 1;'), debugDir });
    expect(failing.failed).toEqual([seriesInstanceUid]);
    expect(readdirSync(debugDir)).toEqual(['1-DicomImporter', '2-NiftiConverter', '3-CommandRunner', '4-DataOrganizer']);
    expect(readdirSync(join(debugDir, '2-NiftiConverter'))).toContain('1-2-dicom.nii.gz');
    await expect(runSteps('/nowhere', steps, { ...packageWith(''), debugDir, startAt: 4 })).rejects.toThrow(/no case is left/);
    const again = await runSteps('/nowhere', steps, { ...packageWith("writeFileSync(args[1], 'done');"), debugDir, startAt: 3 });
    expect(again).toMatchObject({ succeeded: [seriesInstanceUid], failed: [], files: [`${seriesInstanceUid}/said.txt`] });
    expect(again.log).not.toContain('DicomImporter');
  });

  it.each([
    [{ startAt: 2 }, /--start-at needs --debug-dir/],
    [{ startAt: 9, debugDir: '/nowhere' }, /--start-at 9, expected a step from 1 to 4/],
    [{ startAt: 2, debugDir: '/nowhere' }, /nowhere\/1-DicomImporter\/cases\.json; run once with --debug-dir/],
  ])('refuses %j', async (options, reason) => {
    await expect(runSteps(input, steps, { ...packageWith(''), ...options })).rejects.toThrow(reason);
  });
});

function isRunning(pid: number): boolean {
  try {
    // A zombie that nobody has waited for yet counts as ended.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
