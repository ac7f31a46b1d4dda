// SPDX-License-Identifier: MIT
// Goroutines wait for work, and the main one for a tick.
package main

import (
	"os"
	"sync"
	"time"
)

func main() {
	work := make(chan int)
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		go func() {
			for range work {
				all.Done()
			}
		}()
	}
	all.Add(100)
	for i := 0; i < 100; i++ {
		work <- i
	}
	all.Wait()
	os.Stdout.WriteString("ready\n")
	for {
		time.Sleep(time.Hour)
	}
}
