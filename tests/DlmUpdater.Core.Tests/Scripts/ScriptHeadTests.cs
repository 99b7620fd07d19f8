using System.Text;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Tests.Scripts;

public class ScriptHeadTests
{
    [Theory]
    [InlineData("#!/bin/sh\necho", "/bin/sh", null)]
    [InlineData("#! /bin/sh -e -u \necho", "/bin/sh", "-e -u")]
    [InlineData("#!\t/usr/bin/env\tpython3\n", "/usr/bin/env", "python3")]
    [InlineData("#!/bin/sh", "/bin/sh", null)]
    [InlineData("#!/bin/sh\r\necho", "/bin/sh\r", null)]
    [InlineData("#!\n", null, null)]
    public void The_interpreter_is_read_as_the_kernel_reads_it(string text, string? interpreter, string? argument)
    {
        ScriptHead head = ScriptHead.Parse(Encoding.UTF8.GetBytes(text), true);

        Assert.Equal((ScriptForm.Interpreted, interpreter, argument), (head.Form, head.Interpreter, head.Argument));
    }

    [Fact]
    public void Other_files_are_told_apart()
    {
        Assert.Equal(ScriptForm.Empty, ScriptHead.Parse([], true).Form);
        Assert.Equal(ScriptForm.Other, ScriptHead.Parse("echo hello\n"u8, true).Form);
        Assert.Equal(ScriptForm.Other, ScriptHead.Parse("#"u8, true).Form);
        Assert.Equal(ScriptForm.Other, ScriptHead.Parse("\uFEFF#!/bin/sh\n"u8, true).Form);
        Assert.Equal(ScriptForm.Binary, ScriptHead.Parse("\u007fELF\u0002\n# dlm: run=once\n"u8, true).Form);
    }

    [Fact]
    public void A_binary_has_no_header_lines() =>
        Assert.Empty(ScriptHead.Parse("\u007fELF\n# dlm: run=once\n"u8, true).Lines);

    [Fact]
    public void A_line_that_may_be_cut_is_not_looked_at()
    {
        byte[] bytes = "#!/bin/sh\n# dlm: timeout=1"u8.ToArray();

        Assert.Equal(2, ScriptHead.Parse(bytes, true).Lines.Count);
        Assert.Single(ScriptHead.Parse(bytes, false).Lines);
    }

    [Fact]
    public void Only_the_first_bytes_are_looked_at()
    {
        string text = "#!/bin/sh\n#" + new string('x', ScriptHeader.MostBytes) + "\n# dlm: run=once\n";

        Assert.Single(ScriptHead.Parse(Encoding.UTF8.GetBytes(text), true).Lines);
    }
}
