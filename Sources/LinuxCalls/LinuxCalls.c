// The C library declares these only for GNU sources, and Swift's module of it isn't one.
#define _GNU_SOURCE
#include "LinuxCalls.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

int linux_exchange(const char *a, const char *b) {
  return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

int linux_syncfs(int descriptor) { return syncfs(descriptor); }

int linux_rename_new(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

int linux_spawn_close_from(void *actions, int lowest) {
  return posix_spawn_file_actions_addclosefrom_np(actions, lowest);
}

int linux_accept(int listener, void *address, uint32_t *length) {
  return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int linux_event_counter(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }
