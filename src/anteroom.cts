#!/usr/bin/env node
/**
 * The `anteroom` command. CommonJS, because Node's thread pool takes its size when it is first used, and loading a module of the other
 * kind uses it: with the four threads of the default only four instances at a time are flushed to the disk.
 */
process.env.UV_THREADPOOL_SIZE ??= '16';
void import('./main.js');
