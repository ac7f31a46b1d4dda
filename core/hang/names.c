/* SPDX-License-Identifier: MIT
 * Which library started the threads that a forked child lacks, and what to do about that library. The names of the
 * parent's threads say it best. A library that is mapped only makes it likely, as it need not have been used. */
#include "core/hang/private.h"

#include <string.h>

enum { WORDS_MAX = 3 };

/* A library that starts threads of its own. */
struct engine {
    const char *name;
    const char *threads[WORDS_MAX];   /* beginnings of its threads' names */
    const char *libraries[WORDS_MAX]; /* parts of its file names */
    const char *cure;                 /* what to write if the start method stays; NULL: only another one helps */
};

/* Libraries that start threads whenever they are used come first, and those that many programs map without using them
 * last. OpenBLAS usually ends its threads at a fork, so it is considered only if nothing else is found. */
static const struct engine engines[] = {
    {"Polars", {"polars-"}, {"polars"}, NULL},
    {"DuckDB", {"duckdb"}, {"duckdb"}, "open a separate connection in each worker: duckdb.connect()"},
    {"gRPC",
     {"grpc_", "event_engine"},
     {"cygrpc", "libgrpc"},
     "create channels after the fork, or export GRPC_ENABLE_FORK_SUPPORT=1 GRPC_POLL_STRATEGY=poll"},
    {"PyTorch",
     {"pt_"},
     {"libtorch"},
     "call torch.set_num_threads(1) before the fork; for a DataLoader: DataLoader(..., "
     "multiprocessing_context=\"spawn\")"},
    {"TensorFlow", {"tf_"}, {"libtensorflow", "_pywrap_tensorflow"}, "import tensorflow only in the workers"},
    {"JAX", {"jax"}, {"jaxlib", "xla_extension"}, "import jax only in the workers"},
    {"OpenCV", {NULL}, {"cv2.", "libopencv_core"}, "call cv2.setNumThreads(0) before the fork"},
    {"tokio", {"tokio-"}, {NULL}, "start the runtime after the fork: tokio::runtime::Runtime::new()"},
    {"rayon", {"rayon"}, {NULL}, "start the thread pool after the fork: rayon::ThreadPoolBuilder::new().build()"},
    {"Intel's OpenMP", {NULL}, {"libiomp5", "libomp."}, "export OMP_NUM_THREADS=1"},
    {"GNU's OpenMP", {NULL}, {"libgomp"}, "export OMP_NUM_THREADS=1"},
    {"OpenBLAS", {NULL}, {"openblas"}, "export OPENBLAS_NUM_THREADS=1"},
};
enum { ENGINES = sizeof engines / sizeof *engines };

static const char *begins_with(const struct texts *names, const char *const *words)
{
    for (size_t i = 0; i < names->n; i++)
        for (size_t k = 0; k < WORDS_MAX && words[k]; k++)
            if (strncmp(names->v[i], words[k], strlen(words[k])) == 0)
                return names->v[i];
    return NULL;
}

static const char *contains(const struct texts *names, const char *const *words)
{
    for (size_t i = 0; i < names->n; i++)
        for (size_t k = 0; k < WORDS_MAX && words[k]; k++)
            if (strstr(names->v[i], words[k]))
                return names->v[i];
    return NULL;
}

static const struct engine *find_by_threads(const struct evidence *e, const char **name)
{
    for (size_t i = 0; i < ENGINES; i++)
        if ((*name = begins_with(&e->parent_names, engines[i].threads)))
            return &engines[i];
    return NULL;
}

static const struct engine *find_by_libraries(const struct evidence *e, const char **name)
{
    for (size_t i = 0; i < ENGINES; i++)
        if ((*name = contains(&e->libraries, engines[i].libraries)))
            return &engines[i];
    return NULL;
}

static const struct engine *recognise(const struct evidence *e, struct finding *out, enum err *err)
{
    const char *name;
    const struct engine *engine = find_by_threads(e, &name);
    if (engine) {
        *err = texts_addf(&out->evidence,
                          "the missing threads are probably those of %s: its parent had a thread called %s",
                          engine->name, name);
        return engine;
    }
    if ((engine = find_by_libraries(e, &name)))
        *err = texts_addf(&out->evidence, "the missing threads are probably those of %s: it has loaded %s",
                          engine->name, name);
    return engine;
}

/* The other cure if no library is recognised. */
static const char *find_cure(const struct evidence *e, const struct finding *f)
{
    bool is_lock = strcmp(f->cause, "lock-held-at-fork") == 0;
    if (hang_is_python(e))
        return is_lock ? "create a new lock in the child: os.register_at_fork(after_in_child=...)"
                       : "start threads and executors only in the workers: ProcessPoolExecutor(initializer=...)";
    return is_lock ? "hold the lock across the fork: pthread_atfork(lock, unlock, unlock)"
                   : "fork before you start any thread";
}

enum err hang_say_cure(const struct hang_case *c, struct finding *out)
{
    static const char in_python[] =
        "start the workers with spawn: ProcessPoolExecutor(mp_context=multiprocessing.get_context(\"spawn\"))";
    bool python = hang_is_python(c->e);
    enum err err = OK;
    const struct engine *engine = recognise(c->e, out, &err);
    const char *start = python ? in_python : "start the workers with spawn or forkserver instead of fork";
    const char *other = engine ? engine->cure : find_cure(c->e, out);
    if (!err && !engine && python)
        err = texts_add(&out->evidence, "no library that starts threads is recognised; Python's own locks (threading, "
                                        "queue, logging) wait in the same way");
    if (err)
        return err;
    return other ? hang_say(&out->fix, "%s; or %s", start, other) : hang_say(&out->fix, "%s", start);
}
