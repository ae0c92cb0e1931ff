/* What tells PyPy from outside is the library that its executable is linked with: this stands in for it. */
int pypy_main_startup(void);

int pypy_main_startup(void)
{
	return 0;
}
