using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Upgrades;

namespace DlmUpdater.Core.Tests.Upgrades;

public sealed class UpgradeHeaderTests
{
    [Fact]
    public void A_header_of_ours_says_what_and_how_often()
    {
        UpgradeHeader header = Good("#!/bin/sh\n# dlm: run=once name=Users description=makes the users\necho name: no header\n");
        Assert.Equal(("Users", "makes the users", true), (header.Title, header.Description, header.RunOnce));
        Assert.Null(Good("#!/bin/sh\n# dlm: description=x\n").RunOnce);
        Assert.False(Good("#!/bin/sh\n# dlm: run=always description=x\n").RunOnce);
    }

    [Fact]
    public void A_header_of_katello_upgrade_is_read_with_its_description_over_several_lines()
    {
        UpgradeHeader header = Good("#!/bin/bash\n\n#name: Create users\n#apply: katello headpin\n#run: once\n#description:\n#Creates the users\n# that foreman needs.\n\nset -e\n# later: comment\n");
        Assert.Equal(("Create users", "Creates the users that foreman needs.", true), (header.Title, header.Description, header.RunOnce));
        Assert.Equal<string>(["katello", "headpin"], header.Apply);
    }

    [Theory]
    [InlineData("#!/bin/sh\necho\n", "it has no header")]
    [InlineData("#!/bin/sh\n# name: only a comment\n", "it has no header")]
    [InlineData("#!/bin/sh\n# dlm: run=once\n", "has no description")]
    [InlineData("#!/bin/sh\n#name: a\n#run: once\n#description: b\n", "has no #apply:")]
    [InlineData("#!/bin/sh\n#name: a\n#apply: katello\n#description: b\n", "has no #run:")]
    [InlineData("#!/bin/sh\n#name: a\n#apply: katello\n#run: sometimes\n#description: b\n", "neither once nor always")]
    [InlineData("#!/bin/sh\n#name: a\n#apply: katello\n#run: once\n#run: always\n#description: b\n", "given twice")]
    public void What_is_missing_or_wrong_is_said(string text, string part) => Assert.Contains(part, string.Join("; ", Read(text, true).Complaints), StringComparison.Ordinal);

    [Fact]
    public void Where_no_header_is_required_a_half_one_of_katello_is_still_wrong()
    {
        Assert.Empty(Read("#!/bin/sh\necho\n", false).Complaints);
        Assert.Empty(Read("#!/bin/sh\n# dlm: run=once\n", false).Complaints);
        Assert.Equal(3, Read("#!/bin/sh\n#run: once\n", false).Complaints.Count);
    }

    private static UpgradeHeader Good(string text)
    {
        (UpgradeHeader header, IReadOnlyList<string> complaints) = Read(text, true);
        Assert.Empty(complaints);
        return header;
    }

    private static (UpgradeHeader Header, IReadOnlyList<string> Complaints) Read(string text, bool isRequired)
    {
        string[] lines = text.Split('\n');
        UpgradeHeader header = UpgradeHeader.Read(lines, ScriptHeader.Parse(lines).Header, isRequired, out IReadOnlyList<string> complaints);
        return (header, complaints);
    }
}
