# SPDX-License-Identifier: Apache-2.0
"""What a case of bad input is."""
import kxf as program

MACHINE = ('--machine', '../common/virt-dt-el1.tar')
KERNEL = ('--kernel', '../common/Image')
NAME_ONE = 'name|use|check|give'


class Case:
    """One input that must be refused.

    name       of the defect
    message    regular expression that the message must match; `.` matches line breaks only with (?s)
    remedy     the same for the remedy
    arguments  of `kxf plan`, after the machine and the kernel
    machine, kernel   arguments in their place; () for none
    verb       in place of `plan`, with neither machine nor kernel
    make       function(folder) that makes the case's files
    plugins    function(folder, build) that gives the plugin directories; None: those of the build
    nobody     run as an ordinary user
    needs      function(kxf) that gives the reason to skip the case, or nothing
    """

    def __init__(self, name, message, remedy, arguments=(), *, machine=MACHINE, kernel=KERNEL, verb=None, make=None,
                 plugins=None, nobody=False, needs=None, status=1):
        self.name, self.message, self.remedy, self.arguments = name, message, remedy, arguments
        self.machine, self.kernel, self.verb = machine, kernel, verb
        self.make, self.plugins, self.nobody, self.needs, self.status = make, plugins, nobody, needs, status
        self.seconds = 0

    def skip(self, kxf):
        """The reason why the case cannot run here, or nothing."""
        if self.nobody and not program.can_be_nobody():
            return 'only root can run it as another user'
        return self.needs(kxf) if self.needs else None

    def prepare(self, folder, kxf):
        """Make the files; returns the arguments and the plugin directories."""
        folder.chmod(0o755)
        if self.make:
            self.make(folder)
        plugins = self.plugins(folder, kxf) if self.plugins else True
        if self.verb is not None:
            return [*self.verb, *self.arguments], plugins
        return ['plan', *self.machine, *self.kernel, *self.arguments], plugins


def file(name, content):
    """A maker of one file."""
    def make(folder):
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o644)
    return make


def profile(text):
    """A maker of ./board.toml, to go with PROFILE."""
    return file('board.toml', 'schema = 1\n' + text)


PROFILE = ('--profile', './board.toml')
