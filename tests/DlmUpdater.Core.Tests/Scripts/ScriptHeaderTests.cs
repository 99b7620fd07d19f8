using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Tests.Scripts;

public class ScriptHeaderTests
{
    [Fact]
    public void All_keys_are_read_from_one_line()
    {
        ParsedHeader parsed = ScriptHeader.Parse(["#!/bin/sh", "# dlm: name=kernel timeout=10m run=once user=app description=two words, to the end"]);

        Assert.Empty(parsed.Complaints);
        Assert.Equal(new ScriptHeader("kernel", TimeSpan.FromMinutes(10), true, "app", "two words, to the end"), parsed.Header);
    }

    [Fact]
    public void Several_lines_add_up()
    {
        ParsedHeader parsed = ScriptHeader.Parse(["#!/bin/sh", "#dlm: run=always", "", "  ##  dlm:\ttimeout=2d", "# dlm: name=a"]);

        Assert.Empty(parsed.Complaints);
        Assert.Equal(new ScriptHeader("a", TimeSpan.FromDays(2)), parsed.Header);
    }

    [Theory]
    [InlineData("# dlm: name=\"two words\" run=once", "two words", true, null)]
    [InlineData("# dlm: name='two words' run=once", "two words", true, null)]
    [InlineData("# dlm: description=\"a = b\" run=once", null, true, "a = b")]
    [InlineData("# dlm: description=it's unquoted run=once", null, false, "it's unquoted run=once")]
    public void Values_may_be_quoted(string line, string? name, bool once, string? description)
    {
        ParsedHeader parsed = ScriptHeader.Parse([line]);

        Assert.Empty(parsed.Complaints);
        Assert.Equal(new ScriptHeader(name, null, once, null, description), parsed.Header);
    }

    [Theory]
    [InlineData("# dlm: tiemout=10m", "line 2: unknown key \"tiemout\": the header knows name, timeout, run, user, probe and description")]
    [InlineData("# dlm: probe=no", "line 2: probe=no is not yes")]
    [InlineData("# dlm: timeout=10min", "line 2: timeout=10min is not a duration: write 90s, 15m, 4h or 2d, or 0 for no end")]
    [InlineData("# dlm: timeout=-1", "line 2: timeout=-1 is not a duration: write 90s, 15m, 4h or 2d, or 0 for no end")]
    [InlineData("# dlm: run=never", "line 2: run=never is neither once nor always")]
    [InlineData("# dlm: run=once run=once", "line 2: \"run\" is given twice")]
    [InlineData("# dlm: user=", "line 2: \"user\" has no value")]
    [InlineData("# dlm: name=\"\"", "line 2: \"name\" has no value")]
    [InlineData("# dlm: name=\"open", "line 2: the value of \"name\" has no closing quote")]
    [InlineData("# dlm: drains the node", "line 2: \"drains\" in the # dlm: header is not key=value")]
    [InlineData("# dlm: =x", "line 2: \"=x\" in the # dlm: header is not key=value")]
    public void What_is_wrong_is_a_complaint_that_names_the_line(string line, string complaint) =>
        Assert.Equal([complaint], ScriptHeader.Parse(["#!/bin/sh", line]).Complaints);

    [Fact]
    public void A_script_may_say_that_it_can_be_asked_beforehand()
    {
        Assert.True(ScriptHeader.Parse(["# dlm: timeout=5m probe=yes description=probe=no"]).Header.HasProbe);
        Assert.False(ScriptHeader.Parse(["# dlm: description=probe=yes"]).Header.HasProbe);
    }

    [Fact]
    public void Every_wrong_key_is_named_at_once() =>
        Assert.Equal(3, ScriptHeader.Parse(["# dlm: a=1 run=x timeout=y"]).Complaints.Count);

    [Fact]
    public void A_timeout_of_zero_means_no_end() =>
        Assert.Equal(TimeSpan.Zero, ScriptHeader.Parse(["# dlm: timeout=0"]).Header.Timeout);

    [Fact]
    public void Other_comments_and_code_say_nothing()
    {
        ParsedHeader parsed = ScriptHeader.Parse(["echo dlm: run=once", "# a dlm: run=once", "# dlm run=once", "// dlm: run=once"]);

        Assert.Empty(parsed.Complaints);
        Assert.Equal(ScriptHeader.None, parsed.Header);
    }

    [Fact]
    public void Only_the_first_forty_lines_count()
    {
        string[] blank = Enumerable.Repeat("#", ScriptHeader.MostLines - 1).ToArray();

        Assert.True(ScriptHeader.Parse([.. blank, "# dlm: run=once"]).Header.RunOnce);
        Assert.False(ScriptHeader.Parse([.. blank, "#", "# dlm: run=once"]).Header.RunOnce);
    }

    [Theory]
    [InlineData("90", 90)]
    [InlineData("90s", 90)]
    [InlineData("15m", 900)]
    [InlineData("4h", 14400)]
    [InlineData("2d", 172800)]
    public void Durations_are_seconds_or_carry_a_unit(string text, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), ScriptHeader.Parse(["# dlm: timeout=" + text]).Header.Timeout);

    [Theory]
    [InlineData("s")]
    [InlineData("1.5h")]
    [InlineData("1 h")]
    [InlineData("1H")]
    [InlineData("٣m")]
    [InlineData("4000d")]
    [InlineData("99999999999")]
    public void What_is_no_duration_is_refused(string text) =>
        Assert.NotEmpty(ScriptHeader.Parse(["# dlm: timeout=" + text]).Complaints);
}
