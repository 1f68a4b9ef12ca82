/**
 * The raw limit: files over sockets to disk without any protocol. `raw.mjs serve FOLDER [fsync]` prints its port; each file
 * comes as an 8-byte length and its bytes and is answered with one byte once it is closed, with `fsync` once it is flushed, renamed
 * and its folder flushed. `raw.mjs send PORT CONNECTIONS` reads paths from stdin and prints the seconds that they took.
 */
import { closeSync, fdatasync, fsync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const LENGTH_BYTES = 8;
const [mode, ...args] = process.argv.slice(2);
if (mode === 'serve') serve(args[0], args[1] === 'fsync');
else await send(Number(args[0]), Number(args[1]));

function serve(folder, durable) {
  const done = join(folder, 'done');
  mkdirSync(done, { recursive: true });
  let files = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    let [header, fd, left, path] = [Buffer.alloc(0), -1, 0, ''];
    const finish = async () => {
      const [openFd, name] = [fd, path];
      fd = -1;
      if (durable) await promisify(fdatasync)(openFd);
      closeSync(openFd);
      if (durable) await publish(name, done);
      socket.write('.');
    };
    const take = (chunk) => {
      for (let at = 0; at < chunk.length;) {
        if (fd < 0) {
          const piece = chunk.subarray(at, at + LENGTH_BYTES - header.length);
          header = Buffer.concat([header, piece]);
          at += piece.length;
          if (header.length < LENGTH_BYTES) return;
          left = Number(header.readBigUInt64BE());
          header = Buffer.alloc(0);
          path = join(folder, String(files++));
          fd = openSync(path, 'w');
        }
        const piece = chunk.subarray(at, at + left);
        writeSync(fd, piece);
        at += piece.length;
        left -= piece.length;
        if (left === 0) void finish();
      }
    };
    socket.on('data', take).on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
}

async function publish(path, folder) {
  renameSync(path, join(folder, `${path.split('/').pop()}`));
  const fd = openSync(folder, 'r');
  await promisify(fsync)(fd);
  closeSync(fd);
}

async function send(port, connections) {
  const paths = readFileSync(0, 'utf8').trim().split('\n');
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: connections }, (_, index) =>
      sendAll(
        port,
        paths.filter((_path, at) => at % connections === index),
      ),
    ),
  );
  process.stdout.write(`${(performance.now() - startedAt) / 1000}\n`);
}

function sendAll(port, paths) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    let next = 0;
    const sendNext = () => {
      if (next === paths.length) return socket.end(resolve);
      const bytes = readFileSync(paths[next++]);
      const header = Buffer.alloc(LENGTH_BYTES);
      header.writeBigUInt64BE(BigInt(bytes.length));
      socket.cork();
      socket.write(header);
      socket.write(bytes);
      socket.uncork();
    };
    socket.on('connect', sendNext).on('data', sendNext).on('error', reject);
  });
}
