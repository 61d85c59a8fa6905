/* SPDX-License-Identifier: MIT */
/* In children: what was given up must stay given up. As another user than root less can be given up, and is tested. */
#include "vs_test.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "priv/confine.h"
#include "util.h"

/* Runs a step in a child; its value is the child's exit status. */
static int in_child(int (*step)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(step());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int confined(void)
{
	struct vs_identity identity;
	FILE *file;
	char line[256];
	int capabilities = 0;

	setenv("SUDO_UID", "1234", 1);
	setenv("SUDO_GID", "1235", 1);
	if (vs_identity_find(&identity))
		return 1;
	vs_identity_add_group(&identity, 44);
	if (vs_confine(&identity))
		return 2;
	if (getuid() != identity.uid || geteuid() != identity.uid || getgid() != identity.gid)
		return 3;
	if (!setuid(0) || !getuid())
		return 4;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 5;
	file = fopen("/proc/self/status", "r");
	while (file && fgets(line, sizeof(line), file)) {
		unsigned long long set;

		if (sscanf(line, "CapPrm: %llx", &set) == 1 || sscanf(line, "CapEff: %llx", &set) == 1 ||
		    sscanf(line, "CapInh: %llx", &set) == 1 || sscanf(line, "CapAmb: %llx", &set) == 1) {
			capabilities++;
			if (set)
				return 6;
		}
	}
	/* dumpable 0 makes the file root's; where it can be read, all four sets must be there and empty. */
	return file && capabilities != 4 ? 7 : 0;
}

static void test_nothing_is_left_and_nothing_comes_back(void **state)
{
	assert_int_equal(in_child(confined), 0);
}

static int bad_sudo_ids(void)
{
	static const char *const bad[] = { "-1", "4294967295", "12x", "", " 5", "99999999999999999999" };
	struct vs_identity identity;

	setenv("SUDO_GID", "1000", 1);
	for (size_t i = 0; i < VS_ARRAY_SIZE(bad); i++) {
		setenv("SUDO_UID", bad[i], 1);
		if (vs_identity_find(&identity) != -EINVAL)
			return 1;
	}
	return 0;
}

static int root_becomes_nobody(void)
{
	struct vs_identity identity;

	unsetenv("SUDO_UID");
	if (vs_identity_find(&identity) || identity.uid != 65534 || identity.gid != 65534)
		return 1;
	setenv("SUDO_UID", "0", 1);
	setenv("SUDO_GID", "0", 1);
	return vs_identity_find(&identity) || identity.uid != 65534 || identity.gid != 65534;
}

static void test_sudo_must_name_an_ordinary_user(void **state)
{
	if (geteuid())
		skip(); /* only root has someone to become */
	assert_int_equal(in_child(bad_sudo_ids), 0);
	assert_int_equal(in_child(root_becomes_nobody), 0);
}

static void test_group_root_is_never_taken_along(void **state)
{
	struct vs_identity identity = { 0 };

	vs_identity_add_group(&identity, 0);
	vs_identity_add_group(&identity, (gid_t)-1);
	vs_identity_add_group(&identity, 44);
	vs_identity_add_group(&identity, 44);
	assert_int_equal(identity.n_groups, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_left_and_nothing_comes_back),
		cmocka_unit_test(test_sudo_must_name_an_ordinary_user),
		cmocka_unit_test(test_group_root_is_never_taken_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
