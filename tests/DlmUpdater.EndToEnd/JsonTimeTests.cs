using System.Text.RegularExpressions;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>Programs read one form of a time: UTC, whole milliseconds.</summary>
public sealed partial class JsonTimeTests
{
    [Fact]
    public void Every_time_in_every_report_has_one_form()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", "finish 1");
        Agent.Run(host, "run").Expect(1);
        string[] reports =
        [
            .. ((string[][])[["status"], ["history"], ["lock", "show"], ["plan"]]).Select(verb =>
                Agent.Call([.. verb, "--config", host.Config, "--output", "json"]).Expect(0).Output),
            File.ReadAllText(host.Root + "/run/last"),
        ];

        Assert.All(reports[..3], report => Assert.Matches(Time(), report));
        foreach (string report in reports)
            Assert.All(Time().Matches(report), time => Assert.Matches(OneForm(), time.Value));
    }

    [GeneratedRegex("\"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][^\"]*\"")]
    private static partial Regex Time();

    [GeneratedRegex("^\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z\"$")]
    private static partial Regex OneForm();
}
