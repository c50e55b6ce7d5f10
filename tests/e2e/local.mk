# e2e tests: scripts to run go into e2e_tests, helper programs that C sources
# are built into go into e2e_programs (source: the same name with .c).

e2e_tests =
e2e_programs =
# Modules for the plugin host's tests (built, never installed).
e2e_modules =
