// A PostgreSQL server for tests and benchmarks in other languages: prints its connection string and lives until
// standard input ends.

#include <cstdio>
#include <iostream>

#include "tests/support/postgres.h"

int main() {
  const auto server = fristad::testing::TemporaryPostgres::start();
  if (!server) {
    std::cerr << "temporary_postgres: " << server.error().message << '\n';
    return 1;
  }
  std::cout << server->conninfo() << std::endl;
  while (std::getchar() != EOF) {
  }
}
