/* SPDX-License-Identifier: MIT
 * Which native frames are worth showing, and how a Python frame is shown. */
#include "core/stack/frames.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

/* Beginnings of names of functions that start threads, pass calls on, or carry out the wait of their caller. */
static const char *const plumbing[] = {
    "_start",
    "__libc_start_",
    "start_thread",
    "clone",
    "__clone",
    "_dl_start",
    "syscall",
    "__syscall_cancel",
    "__internal_syscall_cancel",
    "__futex_",
    "futex_",
    "do_futex_wait",
    "__lll_lock_wait",
    "__new_sem_wait_slow",
    "__pthread_cond_wait_common",
    "__rust_try",
    "__rust_begin_short_backtrace",
    "std::rt::",
    "std::sys::backtrace::",
    "std::sys_common::backtrace::",
    "std::panic::",
    "std::panicking::",
    "std::thread::Builder::",
    "std::sys::thread::",
    "std::thread::lifecycle::",
    "std::sys::pal::unix::thread::",
    "std::sys::unix::thread::",
    "core::ops::function::",
    "alloc::boxed::Box::call_once",
    "std::sys::pal::unix::futex::",
    "std::sys::unix::futex::",
    "std::__invoke",
    "std::thread::_",
    "std::_Function_handler::",
    "std::function::operator()",
    "execute_native_thread_routine",
    "pyo3::impl_::",
    "pybind11::cpp_function::",
    "runtime.goexit",
    "_Unwind_",
};

/* Beginnings of symbols of CPython and of code that Cython generates. */
static const char *const interpreter[] = {
    "_Py",
    "__Pyx_",
    "PyObject_",
    "PyEval_",
    "PyRun_",
    "Py_Run",
    "Py_BytesMain",
    "Py_Main",
    "PyVectorcall_",
    "PyCFunction_",
    "PyThread_",
    "PyImport_",
    "PyIter_",
    "PyNumber_",
    "PySequence_",
    "PyFunction_",
    "pymain_",
    "run_mod",
    "run_eval_code_obj",
    "pyrun_",
    "method_vectorcall",
    "cfunction_",
    "function_code_fastcall",
    "slot_tp_",
    "slot_nb_",
    "slot_mp_",
    "slot_sq_",
    "type_call",
    "object_vacall",
    "builtin___build_class__",
    "builtin_exec",
    "partial_call",
    "partial_vectorcall",
    "wrap_call",
    "wrapperdescr_call",
    "call_function",
    "do_call_core",
    "thread_run",
    "thread_PyThread_start",
    "pythread_wrapper",
    "t_bootstrap",
    "context_run",
    "gen_send_ex",
    "acquire_timed",
    "vectorcall_method",
    "classmethod_",
    "property_descr_get",
    "import_find_and_load",
    "bytes_vectorcall",
    "tp_new_wrapper",
};

static const char *const runs_python[] = {"_PyEval_EvalFrameDefault", "PyEval_EvalFrameEx", "_TAIL_CALL_"};

static bool starts_as_one_of(const char *name, const char *const *begins, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strncmp(name, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

#define ONE_OF(name, table) starts_as_one_of(name, table, sizeof table / sizeof *table)

/* An address without a symbol in the program or library of Python belongs to the interpreter. */
static bool is_nameless_python(const char *symbol)
{
    return strncmp(symbol, "0x", 2) == 0 && (strstr(symbol, " in python") || strstr(symbol, " in libpython"));
}

enum frame_kind frame_kind_of(const char *symbol, const char *name)
{
    if (ONE_OF(symbol, runs_python))
        return FRAME_RUNS_PYTHON;
    if (ONE_OF(symbol, interpreter) || is_nameless_python(symbol))
        return FRAME_INTERPRETS;
    return ONE_OF(name, plumbing) ? FRAME_PLUMBING : FRAME_TELLS;
}

/* The part of a path below a folder of packages, such as "polars/frame.py"; else NULL. */
static const char *below_packages(const char *file)
{
    static const char *const roots[] = {"/site-packages/", "/dist-packages/"};
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        const char *root = strstr(file, roots[i]);
        if (root)
            return root + strlen(roots[i]);
    }
    return NULL;
}

/* The part of a path below the standard library: of "/usr/lib/python3.13/threading.py" what follows the version; or
 * NULL. */
static const char *below_standard(const char *file)
{
    const char *root = strstr(file, "/lib/python3.");
    if (!root)
        root = strstr(file, "/lib64/python3.");
    const char *slash = root ? strchr(strstr(root, "python3."), '/') : NULL;
    return slash ? slash + 1 : NULL;
}

enum frame_owner frame_owner_of(const char *file)
{
    if (below_packages(file))
        return OWNER_LIBRARY;
    return below_standard(file) || strncmp(file, "<frozen ", strlen("<frozen ")) == 0 ? OWNER_STANDARD : OWNER_USER;
}

static const char *seen_from(const char *file, const char *cwd)
{
    size_t len = strlen(cwd);
    const char *rest = below_packages(file);
    if (!rest)
        rest = below_standard(file);
    if (!rest && len > 1 && strncmp(file, cwd, len) == 0 && file[len] == '/')
        rest = file + len + 1;
    return rest && *rest ? rest : file;
}

/* Cuts a long path at the front, as its end says most. */
static void add_path(struct buf *out, const char *path)
{
    enum { PATH_MAX_BYTES = 120 };
    size_t len = strlen(path);
    if (len > PATH_MAX_BYTES) {
        const char *slash = strchr(path + len - PATH_MAX_BYTES, '/');
        path = slash ? slash : path + len - PATH_MAX_BYTES;
        buf_add_text(out, "…");
    }
    text_add_safe(out, path, strlen(path));
}

/* Leaves out "<locals>." of "main.<locals>.<lambda>". */
static void add_function(struct buf *out, const char *function)
{
    enum { FUNCTION_MAX_CHARACTERS = 80 };
    static const char local[] = "<locals>.";
    size_t characters, len = text_prefix(function, strlen(function), FUNCTION_MAX_CHARACTERS, &characters);
    const char *end = function + len;
    for (const char *mark; (mark = memmem(function, (size_t)(end - function), local, strlen(local)));
         function = mark + strlen(local))
        text_add_safe(out, function, (size_t)(mark - function));
    text_add_safe(out, function, (size_t)(end - function));
    if (*end)
        buf_add_text(out, "…");
}

enum err frame_describe(const struct python_frame *f, const char *cwd, struct buf *out)
{
    bool own = frame_owner_of(f->file) == OWNER_USER;
    add_function(out, f->function);
    buf_add_text(out, own ? "  " : "  (");
    add_path(out, seen_from(f->file, cwd));
    if (f->line > 0)
        buf_addf(out, ":%d", f->line);
    return own ? out->err : buf_add_char(out, ')');
}
