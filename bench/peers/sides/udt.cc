// One side of a transfer by UDT4:
//     udt recv PORT FILE BYTES MSS
//     udt send ADDRESS PORT FILE MSS
// with buffers of 64 MiB and 4 MiB of the socket, as a fast path needs them.
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sys/stat.h>
#include <udt/udt.h>

static long long nowNs() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int fail() {
  fprintf(stderr, "%s\n", UDT::getlasterror().getErrorMessage());
  return 1;
}

static void tune(UDTSOCKET s, int mss) {
  int buffer = 64 << 20, socketBuffer = 4 << 20, window = 65536;
  UDT::setsockopt(s, 0, UDT_MSS, &mss, sizeof mss);
  UDT::setsockopt(s, 0, UDT_FC, &window, sizeof window);
  UDT::setsockopt(s, 0, UDT_SNDBUF, &buffer, sizeof buffer);
  UDT::setsockopt(s, 0, UDT_RCVBUF, &buffer, sizeof buffer);
  UDT::setsockopt(s, 0, UDP_SNDBUF, &socketBuffer, sizeof socketBuffer);
  UDT::setsockopt(s, 0, UDP_RCVBUF, &socketBuffer, sizeof socketBuffer);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  bool receives = !strcmp(argv[1], "recv");
  UDT::startup();
  UDTSOCKET s = UDT::socket(AF_INET, SOCK_STREAM, 0);
  tune(s, atoi(argv[5]));
  sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons(atoi(argv[receives ? 2 : 3]));
  int64_t offset = 0;
  if (receives) {
    if (UDT::bind(s, (sockaddr *)&address, sizeof address) == UDT::ERROR) return fail();
    UDT::listen(s, 1);
    puts("READY");
    fflush(stdout);
    sockaddr_in peer;
    int length = sizeof peer;
    UDTSOCKET c = UDT::accept(s, (sockaddr *)&peer, &length);
    // Over the file that is there.
    std::fstream file(argv[3], std::ios::in | std::ios::out | std::ios::binary);
    if (UDT::recvfile(c, file, offset, atoll(argv[4])) < 0) return fail();
    file.close();
    printf("{\"t_end\":%lld}\n", nowNs());
    fflush(stdout);
    UDT::close(c);
  } else {
    inet_pton(AF_INET, argv[2], &address.sin_addr);
    struct stat status;
    if (stat(argv[4], &status) != 0) return 1;
    std::fstream file(argv[4], std::ios::in | std::ios::binary);
    long long start = nowNs();
    if (UDT::connect(s, (sockaddr *)&address, sizeof address) == UDT::ERROR) return fail();
    printf("{\"t_start\":%lld}\n", start);
    fflush(stdout);
    if (UDT::sendfile(s, file, offset, status.st_size) < 0) return fail();
    UDT::close(s); // Lingers until all is out.
  }
  UDT::cleanup();
  return 0;
}
