import { containerOptions } from '../../../src/runs/runtimes/docker-spec.js';
import type { RunSpec } from '../../../src/runs/runtimes/runtime.js';

const SPEC: RunSpec = {
  name: 'anteroom-12-1',
  labels: { 'anteroom.node': 'n1', 'anteroom.run': '12' },
  image: 'sha256:00ff',
  command: ['--workflow', 'default'],
  environment: { MODE: 'fast' },
  inputDir: '/data/runs/12/in',
  outputDir: '/data/runs/12/out',
  logPath: '/data/runs/12/log',
  limits: { memoryMb: 512, cpus: 1.5, pids: 256, shmMb: 64, timeoutMs: 1000, maxOutputMb: 10, maxScratchMb: 64, maxLogMb: 16 },
  readOnlyRoot: true,
  scratchMb: 100,
};

describe('containerOptions', () => {
  it('gives no more than is needed', () => {
    const host = containerOptions({ ...SPEC, user: '10001:10001' }).HostConfig;
    expect(host).toMatchObject({
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Privileged: false,
      Init: true,
      Memory: 512 * 1024 * 1024,
      MemorySwap: 512 * 1024 * 1024,
      NanoCpus: 1_500_000_000,
      PidsLimit: 256,
      ShmSize: 64 * 1024 * 1024,
      DeviceRequests: [],
      AutoRemove: false,
    });
    expect(host?.Binds).toBeUndefined();
    expect(host?.CapAdd).toBeUndefined();
  });

  it('limits the CPUs to what the engine has, which refuses more', () => {
    expect(containerOptions(SPEC, 1).HostConfig?.NanoCpus).toBe(1_000_000_000);
  });

  it('mounts input read-only and output writable where MHub images look for them', () => {
    expect(containerOptions(SPEC).HostConfig?.Mounts).toEqual([
      { Type: 'bind', Source: '/data/runs/12/in', Target: '/app/data/input_data', ReadOnly: true },
      { Type: 'bind', Source: '/data/runs/12/out', Target: '/app/data/output_data', ReadOnly: false },
    ]);
  });

  it('gives scratch where the root is read-only, and only /tmp where it is not', () => {
    const scratch = (spec: RunSpec) => Object.entries(containerOptions(spec).HostConfig?.Tmpfs ?? {});
    expect(scratch(SPEC).map(([path]) => path)).toEqual([
      '/tmp',
      '/app/tmp',
      '/app/data/sorted_data',
      '/app/data/imported_instances',
      '/app/data/_global',
      '/app/data/debug',
    ]);
    expect(
      scratch(SPEC).every(([, options]) => options.includes('size=100m') && options.includes('nosuid') && options.includes('nodev')),
    ).toBe(true);
    expect(scratch({ ...SPEC, readOnlyRoot: false }).map(([path]) => path)).toEqual(['/tmp']);
  });

  it('leaves user, folder, command and home to the image where the run says nothing', () => {
    const { User, WorkingDir, Cmd, Env } = containerOptions({ ...SPEC, command: [] });
    expect([User, WorkingDir, Cmd]).toEqual([undefined, undefined, undefined]);
    expect(Env).toEqual(['PYTHONUNBUFFERED=1', 'MODE=fast']);
  });

  it('gives a home to a user that the image does not know, unless the run names one', () => {
    expect(containerOptions({ ...SPEC, user: '10001:10001' }).Env).toContain('HOME=/tmp');
    expect(containerOptions({ ...SPEC, user: '10001:10001', environment: { HOME: '/home/m' } }).Env).toEqual([
      'PYTHONUNBUFFERED=1',
      'HOME=/home/m',
    ]);
  });

  it('opens neither stdin nor a terminal', () => {
    expect(containerOptions(SPEC)).toMatchObject({ OpenStdin: false, AttachStdin: false, Tty: false });
  });

  it.each([
    [undefined, []],
    ['none' as const, []],
    ['all' as const, [{ Driver: '', Count: -1, Capabilities: [['gpu']], Options: {} }]],
    [{ devices: ['1', 'GPU-7'] }, [{ Driver: '', DeviceIDs: ['1', 'GPU-7'], Capabilities: [['gpu']], Options: {} }]],
  ])('asks for GPUs %p', (gpu, requests) => {
    expect(containerOptions({ ...SPEC, ...(gpu === undefined ? {} : { gpu }) }).HostConfig?.DeviceRequests).toEqual(requests);
  });
});
