// Loaded before a program (LD_PRELOAD) where no small file system can be mounted: while the file named by DISK_IS_FULL
// exists, files below DISK_FOLDER can be written where they have bytes already, and don't grow.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT(name, type) ((type)dlsym(RTLD_NEXT, name))

static int is_full(int fd, off_t end) {
  const char *flag = getenv("DISK_IS_FULL"), *folder = getenv("DISK_FOLDER");
  char link[64], path[4096];
  struct stat found;
  if (!flag || !folder || access(flag, F_OK) != 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  if (strncmp(path, folder, strlen(folder)) != 0 || fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) return 0;
  if (end <= found.st_size) return 0;
  errno = ENOSPC;
  return 1;
}

static off_t append(int fd, size_t count) {
  off_t place = lseek(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
  return (place < 0 ? 0 : place) + (off_t)count;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  if (is_full(fd, append(fd, count))) return -1;
  return NEXT("write", ssize_t(*)(int, const void *, size_t))(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  if (is_full(fd, offset + (off_t)count)) return -1;
  return NEXT("pwrite", ssize_t(*)(int, const void *, size_t, off_t))(fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset) { return pwrite(fd, bytes, count, offset); }

int ftruncate(int fd, off_t size) {
  if (is_full(fd, size)) return -1;
  return NEXT("ftruncate", int (*)(int, off_t))(fd, size);
}

int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }
