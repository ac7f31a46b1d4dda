# SPDX-License-Identifier: MIT
# Threads that wait for a queue, and main for its input's end, which does not come.
queue = Queue.new
4.times { Thread.new { loop { queue.pop } } }
reader, _writer = IO.pipe
puts "ready"
$stdout.flush
reader.read
