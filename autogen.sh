#!/bin/sh
# Makes configure and Makefile.in from configure.ac and the *.mk files.
set -e
cd "$(dirname "$0")"
mkdir -p scripts/build-aux scripts/m4
autoreconf --install --warnings=all,no-portability
echo "Now: mkdir -p build && cd build && ../configure && make"
