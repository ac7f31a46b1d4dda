// SPDX-License-Identifier: MIT
// A pool of threads with nothing to do, and a main thread that waits for the pool to end.
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

public class Idle {
    public static void main(String[] args) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        for (int i = 0; i < 8; i++)
            pool.submit(() -> Math.sqrt(2)).get();
        System.out.println("ready");
        pool.awaitTermination(Long.MAX_VALUE, TimeUnit.DAYS);
    }
}
