// Loaded before a program (LD_PRELOAD): kills it, as a power failure would, right after the n-th call that makes
// something durable or gives it its name. INTERRUPT_AFTER holds n.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_int calls;

static int counted(int result) {
  const char *limit = getenv("INTERRUPT_AFTER");
  if (result == 0 && limit && atomic_fetch_add(&calls, 1) + 1 == atoi(limit)) kill(getpid(), SIGKILL);
  return result;
}

#define NEXT(name, type) ((type)dlsym(RTLD_NEXT, name))

int rename(const char *a, const char *b) {
  return counted(NEXT("rename", int (*)(const char *, const char *))(a, b));
}

int renameat2(int x, const char *a, int y, const char *b, unsigned flags) {
  return counted(NEXT("renameat2", int (*)(int, const char *, int, const char *, unsigned))(x, a, y, b, flags));
}

int link(const char *a, const char *b) { return counted(NEXT("link", int (*)(const char *, const char *))(a, b)); }

int unlink(const char *a) { return counted(NEXT("unlink", int (*)(const char *))(a)); }

int fsync(int file) { return counted(NEXT("fsync", int (*)(int))(file)); }

int fdatasync(int file) { return counted(NEXT("fdatasync", int (*)(int))(file)); }

int syncfs(int file) { return counted(NEXT("syncfs", int (*)(int))(file)); }
