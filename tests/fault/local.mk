# fault tests: scripts to run go into fault_tests, helper programs that C sources
# are built into go into fault_programs (source: the same name with .c).

fault_tests = tests/fault/kill.py tests/fault/effects.py tests/fault/nodes.py tests/fault/failover.py
fault_programs =
