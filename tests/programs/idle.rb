# SPDX-License-Identifier: MIT
# Threads wait for a queue, and the main thread for an end of input that does not come.
queue = Queue.new
4.times { Thread.new { loop { queue.pop } } }
reader, _writer = IO.pipe
puts "ready"
$stdout.flush
reader.read
