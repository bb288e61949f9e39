// The C library declares these only for GNU sources, and Swift's module of it isn't one.
#define _GNU_SOURCE
#include "LinuxCalls.h"

#include <arpa/nameser.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <resolv.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
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

_Static_assert(linux_poll_in == EPOLLIN && linux_poll_out == EPOLLOUT && linux_poll_error == EPOLLERR, "epoll");
_Static_assert(linux_poll_hangup == EPOLLHUP && linux_poll_read_hangup == EPOLLRDHUP, "epoll");
_Static_assert(linux_poll_exclusive == EPOLLEXCLUSIVE && linux_poll_edge == EPOLLET, "epoll");

int linux_poller(void) { return epoll_create1(EPOLL_CLOEXEC); }

int linux_poller_add(int poller, int descriptor, uint32_t flags, void *owner) {
  struct epoll_event event = {.events = flags, .data.ptr = owner};
  return epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event);
}

int linux_poller_remove(int poller, int descriptor) { return epoll_ctl(poller, EPOLL_CTL_DEL, descriptor, NULL); }

int linux_poller_wait(int poller, linux_readiness *found, int most, int milliseconds) {
  struct epoll_event events[256];
  int count = epoll_wait(poller, events, most < 256 ? most : 256, milliseconds);
  for (int index = 0; index < count; index++) {
    found[index].flags = events[index].events;
    found[index].owner = events[index].data.ptr;
  }
  return count;
}

int linux_event_counter(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int linux_service_lookup(const char *name, linux_service_record *found, int most) {
  struct __res_state state;
  memset(&state, 0, sizeof state);
  if (res_ninit(&state) != 0) return -1;
  unsigned char answer[NS_MAXMSG];
  int length = res_nquery(&state, name, ns_c_in, ns_t_srv, answer, sizeof answer);
  res_nclose(&state);
  ns_msg message;
  if (length < 0 || ns_initparse(answer, length, &message) != 0) return -1;
  int count = 0;
  for (int index = 0; index < ns_msg_count(message, ns_s_an) && count < most; index++) {
    ns_rr record;
    if (ns_parserr(&message, ns_s_an, index, &record) != 0) return -1;
    if (ns_rr_type(record) != ns_t_srv || ns_rr_rdlen(record) < 7) continue;
    const unsigned char *data = ns_rr_rdata(record);
    found[count].priority = ns_get16(data);
    found[count].weight = ns_get16(data + 2);
    found[count].port = ns_get16(data + 4);
    if (dn_expand(answer, answer + length, data + 6, found[count].host, sizeof found[count].host) < 0) continue;
    count++;
  }
  return count;
}

int linux_forbid_writing(const char *const *socket_folders, int count) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return 0;
  uint64_t sockets = LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE;
  struct landlock_ruleset_attr rules = {
      .handled_access_fs = sockets | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                           LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                           LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                           LANDLOCK_ACCESS_FS_MAKE_SYM};
  // Older headers don't have its name: LANDLOCK_ACCESS_FS_TRUNCATE.
  if (version >= 3) rules.handled_access_fs |= 1ULL << 14;
  int set = syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
  if (set < 0) return -1;
  int result = 1;
  for (int index = 0; index < count && result == 1; index++) {
    struct landlock_path_beneath_attr below = {.allowed_access = sockets};
    below.parent_fd = open(socket_folders[index], O_PATH | O_CLOEXEC);
    if (below.parent_fd < 0) continue;
    if (syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &below, 0) != 0) result = -1;
    close(below.parent_fd);
  }
  if (result == 1 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_landlock_restrict_self, set, 0) != 0))
    result = -1;
  close(set);
  return result;
}

int linux_name_thread(const char *name) { return prctl(PR_SET_NAME, name, 0, 0, 0); }

int64_t linux_microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t nanoseconds(struct timespec time) { return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec; }

int linux_look(const char *path, linux_appearance *appearance) {
    struct stat status;
    if (stat(path, &status) != 0) return -1;
    *appearance = (linux_appearance){
        .device = status.st_dev,
        .node = status.st_ino,
        .size = status.st_size,
        .changed = nanoseconds(status.st_mtim),
        .status_changed = nanoseconds(status.st_ctim),
    };
    return 0;
}
