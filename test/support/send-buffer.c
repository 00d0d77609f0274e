/*
 * Sets how much of what a process sends may wait in the kernel, from outside: as a machine does
 * whose limits are low. A program asks for all it can get, and a test must fill that.
 *
 * Usage: send-buffer PID PORT BYTES
 * Changes every UDP socket of the process that is bound to the port. Exit status 1 if none is.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_bound_to(int socket, int port) {
  struct sockaddr_in6 name;
  socklen_t length = sizeof name;
  int type = 0;
  socklen_t type_length = sizeof type;
  if (getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &type_length) < 0) return 0;
  if (type != SOCK_DGRAM || getsockname(socket, (struct sockaddr *)&name, &length) < 0) return 0;
  /* The port lies at the same place in both families. */
  int inet = name.sin6_family == AF_INET || name.sin6_family == AF_INET6;
  return inet && ntohs(name.sin6_port) == port;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int bytes = atoi(argv[3]);
  int process = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd", atoi(argv[1]));
  DIR *descriptors = opendir(path);
  if (process < 0 || !descriptors) {
    perror(path);
    return 1;
  }
  int changed = 0;
  for (struct dirent *entry; (entry = readdir(descriptors));) {
    int copy = (int)syscall(SYS_pidfd_getfd, process, atoi(entry->d_name), 0);
    if (copy < 0) continue;
    if (is_bound_to(copy, atoi(argv[2])) &&
        setsockopt(copy, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) == 0) {
      changed++;
    }
    close(copy);
  }
  return changed > 0 ? 0 : 1;
}
