#pragma once

/// Lets two paths change places in one step. Returns 0, or -1 with errno: EINVAL where the file system can't.
int linux_exchange(const char *a, const char *b);

/// Writes everything of a file system to its disk. Returns 0, or -1 with errno.
int linux_syncfs(int descriptor);

/// Gives a file its name unless that is taken. Returns 0, or -1 with errno: EINVAL where the file system can't.
int linux_rename_new(const char *from, const char *to);
