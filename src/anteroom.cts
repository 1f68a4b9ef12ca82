#!/usr/bin/env node
/**
 * The `anteroom` command. CommonJS, because Node's thread pool takes its size when it is first used, and loading a module of the other
 * kind uses it: the default's four threads do not flush enough instances at a time; many more only get into each other's way.
 */
process.env.UV_THREADPOOL_SIZE ??= '6';
void import('./main.js');
