#pragma once

#include <stdint.h>

/// Lets two paths change places in one step. Returns 0, or -1 with errno: EINVAL where the file system can't.
int linux_exchange(const char *a, const char *b);

/// Writes everything of a file system to its disk. Returns 0, or -1 with errno.
int linux_syncfs(int descriptor);

/// Gives a file its name unless that is taken. Returns 0, or -1 with errno: EINVAL where the file system can't.
int linux_rename_new(const char *from, const char *to);

/// Closes all descriptors from this one on in a child that is to be spawned. Returns 0, or an error number. The actions
/// are a posix_spawn_file_actions_t: its header's types would otherwise count as this module's.
int linux_spawn_close_from(void *actions, int lowest);

/// Takes one connection that waits, non-blocking and closed on exec. The address is a struct sockaddr_storage. Returns the
/// descriptor, or -1 with errno.
int linux_accept(int listener, void *address, uint32_t *length);

/// What can be done on a descriptor: flags of epoll(7), and whose it is. epoll's own header would bring types that then
/// count as this module's.
typedef struct {
  uint32_t flags;
  void *owner;
} linux_readiness;

enum : uint32_t {
  linux_poll_in = 0x1,
  linux_poll_out = 0x4,
  linux_poll_error = 0x8,
  linux_poll_hangup = 0x10,
  linux_poll_read_hangup = 0x2000,
  linux_poll_exclusive = 1u << 28,
  linux_poll_edge = 1u << 31,
};

/// epoll_create1(2), closed on exec. Returns the descriptor, or -1.
int linux_poller(void);
int linux_poller_add(int poller, int descriptor, uint32_t flags, void *owner);
int linux_poller_remove(int poller, int descriptor);
/// epoll_wait(2). Returns how many were found, at most 256, or -1.
int linux_poller_wait(int poller, linux_readiness *found, int most, int milliseconds);

/// A counter that wakes who polls it: eventfd(2), non-blocking and closed on exec. Returns the descriptor, or -1.
int linux_event_counter(void);

/// Lets this thread and all that it starts write, make, remove and run nothing in any file system, but make and remove
/// sockets in some folders (Landlock). Returns 1, 0 where the kernel has no Landlock, or -1 with errno.
int linux_forbid_writing(const char *const *socket_folders, int count);

/// One SRV record (RFC 2782).
typedef struct {
  uint16_t priority, weight, port;
  char host[256];
} linux_service_record;

/// Asks the resolver for the SRV records of a name. Returns how many there are, or -1.
int linux_service_lookup(const char *name, linux_service_record *found, int most);

/// Names this thread, for ps and perf: 15 bytes at most.
int linux_name_thread(const char *name);

/// Microseconds of a clock that nobody sets. Here and below, since which module struct timespec counts as depends on what
/// else is imported.
int64_t linux_microseconds(void);

/// What tells whether a file has changed, times in nanoseconds.
typedef struct {
    uint64_t device, node;
    int64_t size, changed, status_changed;
} linux_appearance;

/// Looks at a file, or at what a link leads to. Returns 0, or -1 with errno.
int linux_look(const char *path, linux_appearance *appearance);
