// SPDX-License-Identifier: MIT
// A server without clients, and a worker thread without messages.
const { Worker } = require("worker_threads");
new Worker("require('worker_threads').parentPort.on('message', () => {})", { eval: true });
require("http").createServer().listen(0, "127.0.0.1", () => console.log("ready"));
