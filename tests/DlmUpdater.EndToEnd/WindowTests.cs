using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>Maintenance windows, by the real clock.</summary>
public sealed class WindowTests
{
    [Fact]
    public void Outside_of_the_window_no_run_begins_and_the_next_opening_is_said()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false).Set("schedule", "window", Window(3)).Set("schedule", "time_zone", "Europe/Berlin");

        Ended ended = Agent.Run(host, "run").Expect(75);

        Assert.Matches(@"the maintenance window is closed; it opens at \d{4}-\d\d-\d\dT\d\d:00Z \(\w{3} \d\d:00 Europe/Berlin\)", ended.Error);
        Assert.Empty(host.Log.Lines);
        Assert.Contains("it opens at", Agent.Run(host, "plan").Expect(0).Output, StringComparison.Ordinal);
        using JsonDocument plan = JsonDocument.Parse(Agent.Run(host, "plan", "--output", "json").Expect(0).Output);
        Assert.False(plan.RootElement.GetProperty("schedule").GetProperty("open").GetBoolean());
    }

    [Fact]
    public void Inside_of_the_window_a_run_begins()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false).Set("schedule", "window", Window(0)).Set("schedule", "time_zone", "Europe/Berlin");
        Assert.Matches(@"schedule +open until \d{4}-", Agent.Run(host, "plan").Expect(0).Output);

        Agent.Run(host, "run").Expect(0);

        Assert.Contains("post_update/20-health", host.Log.Started);
    }

    [Fact]
    public void An_open_run_goes_on_while_the_window_is_closed()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        string failing = host.Script("update", "15-fails", "finish 3");
        Agent.Run(host, "run").Expect(1);
        File.Delete(failing);
        host.Set("schedule", "window", Window(3)).Set("schedule", "time_zone", "Europe/Berlin");

        Agent.Run(host, "run").Expect(0);

        Assert.Contains("post_update/20-health", host.Log.Started);
    }

    /// <summary>A daily window of two hours in Berlin that begins so many hours from the full hour that has passed.</summary>
    private static string Window(int hours)
    {
        DateTimeOffset there = TimeZoneInfo.ConvertTime(DateTimeOffset.UtcNow, TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"));
        return $"{(there.Hour + hours) % 24:00}:00/2h";
    }
}
