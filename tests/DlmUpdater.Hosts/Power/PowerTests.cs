namespace DlmUpdater.Hosts.Power;

/// <summary>Power cuts that lose what was not yet written, at any moment of runs that follow one another without a pause: the state is the old one or the new
/// one, never neither, and the run goes on.</summary>
public sealed class PowerTests
{
    private static readonly string[] Phases = ["none", "needs_update", "lock_get", "pre_update", "update", "needs_reboot", "post_update", "lock_release"];

    [Fact]
    public async Task The_state_outlives_every_cut_and_the_run_goes_on()
    {
        const int Cuts = 15;
        using var machine = new Machine();
        var dice = new Random(20261124);
        var found = new List<string>();
        string? before = null;
        for (int cut = 0; cut < Cuts; cut++)
        {
            Dictionary<string, string> said = await machine.Boot(TimeSpan.FromMilliseconds(200 + dice.Next(2500)));
            string story = $"after cut {cut}: {string.Join(", ", said.Select(s => $"{s.Key} {s.Value}"))}";
            Assert.True(said["STATUS"] == "0", story);
            Assert.True(Phases.Contains(said["PHASE"]), story);
            Assert.True(said["RESUMED"] == "0", story);
            Assert.True(said["THEN"] == "none", story);
            Assert.True(said["HISTORY"] == "0", story);
            Assert.True(said["HELD"] is "" or "0", story);

            // What these cuts are worth: they lose what was not synced, and nothing else.
            Assert.True(said["SYNCED"] == (before ?? ""), story);
            Assert.True(!said["UNSYNCED"].Contains(before ?? "-", StringComparison.Ordinal), story + ": a cut that loses nothing shows nothing");
            before = said["READY"];
            found.Add(said["PHASE"]);
        }

        // Cuts that only ever hit the moment between two runs would show nothing.
        Assert.True(found.Count(p => p != "none") >= 5, string.Join(' ', found));
    }
}
