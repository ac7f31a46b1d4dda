# SPDX-License-Identifier: MIT
# A make that starts makes that share its job slots: some wait for a slot, in a pipe that they all hold both ends of.
all: a b c
a b c:
	+$(MAKE) -s -f $(firstword $(MAKEFILE_LIST)) of-$@
of-%: %-1 %-2
	@true
%-1 %-2:
	@sleep 1
