#!/usr/bin/env bash
# Installs the library into a temporary folder, builds the example against it by its CMake package and by pkg-config,
# and runs both. Usage: example_test.sh BUILD_FOLDER SOURCE_FOLDER CXX
set -euo pipefail
build=$1 source=$2 cxx=$3

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
prefix=$folder/usr
cmake --install "$build" --prefix "$prefix" >"$folder/install.log"
library=$(dirname "$(find "$prefix" -name libfristad.so)")

cmake -G Ninja -S "$source/tests/example" -B "$folder/cmake" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$cxx" \
  >"$folder/configure.log"
cmake --build "$folder/cmake" >"$folder/build.log"

export PKG_CONFIG_PATH=$library/pkgconfig LD_LIBRARY_PATH=$library
read -r -a flags <<<"$(pkg-config --cflags --libs fristad)"
"$cxx" -Wall -Wextra -Werror "$source/tests/example/example.cc" "${flags[@]}" -o "$folder/by-pkg-config"

cd "$source/tests/data/dih"
for example in "$folder/cmake/example" "$folder/by-pkg-config"; do
  output=$("$example" "$folder/list.frseg" bridge-1-original.jpg -- bridge-2-rotate-90.jpg bridge-1-original.jpg)
  printf '%s\n' "$output"
  # The distance of the rotated photo, which was compressed again, isn't this test's business; that it is found is.
  [[ $output == *"bridge-2-rotate-90.jpg: bridge-1-original.jpg at distance "*", rotated_"* ]]
  [[ $output == *"bridge-1-original.jpg: the same bytes as bridge-1-original.jpg"* ]]
  [[ $output == *"bridge-1-original.jpg: bridge-1-original.jpg at distance 0, original"* ]]
  [[ $output == *"in memory: 1 match, jpeg "* ]]
done
