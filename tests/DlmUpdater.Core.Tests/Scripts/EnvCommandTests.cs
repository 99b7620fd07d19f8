using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Tests.Scripts;

public sealed class EnvCommandTests
{
    private const string Default = "/bin:/usr/bin";

    [Theory]
    [InlineData("python3", "python3", null)]
    [InlineData("-S python3 -u", "python3", null)]
    [InlineData("-Spython3 -u", "python3", null)]
    [InlineData("-vS python3", "python3", null)]
    [InlineData("--split-string=python3 -u", "python3", null)]
    [InlineData("-S LANG=C python3", "python3", null)]
    [InlineData("-S PATH=/opt/bin:/bin python3", "python3", "/opt/bin:/bin")]
    [InlineData("-S -i python3", "python3", Default)]
    [InlineData("-S - python3", "python3", Default)]
    [InlineData("-S -i PATH=/opt/bin python3", "python3", "/opt/bin")]
    [InlineData("-S -u PATH python3", "python3", Default)]
    [InlineData("-S -uPATH python3", "python3", Default)]
    [InlineData("-S --unset=HOME python3", "python3", null)]
    [InlineData("-S '/opt/my tools/python' -u", "/opt/my tools/python", null)]
    [InlineData("-S \"/opt/my tools/python\" -u", "/opt/my tools/python", null)]
    [InlineData(@"-S /opt/my\_tools", "/opt/my", null)]
    [InlineData(@"-S ""/opt/my\_tools""", "/opt/my tools", null)]
    [InlineData(@"-S '/opt/a\b'", @"/opt/a\b", null)]
    [InlineData("-S -- A=1 python3", "python3", null)]
    [InlineData("-S env env python3", "env", null)]
    [InlineData("python3 -u", "python3 -u", null)]
    public void The_program_is_the_first_word_that_is_neither_option_nor_assignment(string argument, string program, string? path)
    {
        EnvCommand command = EnvCommand.Read([argument]);
        Assert.Equal((program, path, (string?)null), (command.Program, command.SearchPath, command.Fault));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-i")]
    [InlineData("VAR=x")]
    [InlineData("VAR=x prog")]
    [InlineData("-S VAR=x")]
    [InlineData("-S ${HOME}/bin/python")]
    [InlineData("-S PATH=${HOME}/bin python")]
    [InlineData("-S -C /home/user ./python")]
    [InlineData("-S --chdir=/home/user ./python")]
    [InlineData("-S 'python3")]
    [InlineData("-S python3\\")]
    [InlineData("-S --frobnicate python3")]
    [InlineData("-x")]
    [InlineData("-S # python3")]
    public void What_cannot_be_told_has_a_fault(string argument)
    {
        EnvCommand command = EnvCommand.Read(argument.Length == 0 ? [] : [argument]);
        Assert.Null(command.Program);
        Assert.NotNull(command.Fault);
    }

    [Fact]
    public void The_rest_are_the_arguments_of_the_program()
    {
        Assert.Equal(["A=1", "sh", "-e"], EnvCommand.Read(["-S", "env A=1 sh -e"]).Arguments);
        Assert.Equal(["-u", "x y"], EnvCommand.Read(["A=1", "python3", "-u", "x y"]).Arguments);
    }
}
