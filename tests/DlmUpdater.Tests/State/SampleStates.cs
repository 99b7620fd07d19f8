using System.Collections.Immutable;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Tests.State;

internal static class SampleStates
{
    private static readonly string[] Words = ["a", "10-stop", "quote\"", "back\\slash", "line\nend", "grün", "🙂", "</script>", " ", "\0x", "\u2028"];

    public static readonly DateTimeOffset Time = new(2026, 3, 14, 1, 59, 26, TimeSpan.Zero);

    public static RunState Plain { get; } = new()
    {
        RunId = "r-1",
        Phase = Phase.Update,
        Started = Time,
        PhaseSince = Time.AddMinutes(3),
        Attempt = 2,
        Boot = new BootIdentity("6b1f0b0e-1111-4222-8333-444455556666", 17),
        Lock = new LockClaim(new LockIdentity("foreman", "web", "host.example.com"), Time, Time.AddSeconds(2)),
        Finished = [new FinishedScript("10-stop", 0, TimeSpan.FromSeconds(1.25))],
    };

    public static RunState Sized(int scripts) => Plain with
    {
        Attempt = scripts,
        Finished = [.. Enumerable.Range(0, scripts).Select(i => new FinishedScript($"script-{i}", 0, TimeSpan.FromTicks(i)))],
    };

    public static RunState Any(Random dice) => new()
    {
        RunId = Text(dice),
        Phase = (Phase)dice.Next(8),
        Started = When(dice),
        PhaseSince = When(dice),
        Attempt = dice.Next(1, int.MaxValue),
        Boot = AnyBoot(dice),
        Lock = dice.Next(3) == 0 ? null : new LockClaim(
            new LockIdentity(Text(dice), dice.Next(4) == 0 ? "" : Text(dice), Text(dice)), Maybe(dice), Maybe(dice))
        { HolderIsHostName = dice.Next(2) == 0 },
        Waiver = dice.Next(3) == 0 ? new WaiverNote(Text(dice), When(dice)) : null,
        Finished = [.. Enumerable.Range(0, dice.Next(5)).Select(_ => new FinishedScript(Text(dice), dice.Next(-1, 256), Length(dice)))],
        FirstBoot = dice.Next(2) == 0 ? null : AnyBoot(dice),
        ReleaseSent = dice.Next(2) == 0,
        Reboot = dice.Next(2) == 0 ? null : new RebootRequest(When(dice), Length(dice), AnyBoot(dice), dice.Next(1, 100)),
    };

    /// <summary>Records with arrays compare by reference; this compares by value.</summary>
    public static void AssertSame(RunState expected, RunState actual)
    {
        Assert.Equal(expected.Finished.AsEnumerable(), actual.Finished.AsEnumerable());
        Assert.Equal(expected with { Finished = ImmutableArray<FinishedScript>.Empty }, actual with { Finished = ImmutableArray<FinishedScript>.Empty });
    }

    private static string Text(Random dice) => string.Concat(Enumerable.Range(0, dice.Next(1, 5)).Select(_ => Words[dice.Next(Words.Length)]));

    private static DateTimeOffset When(Random dice) =>
        new(dice.NextInt64(DateTime.UnixEpoch.Ticks, DateTime.UnixEpoch.AddYears(200).Ticks), TimeSpan.FromMinutes(15 * dice.Next(-48, 48)));

    private static DateTimeOffset? Maybe(Random dice) => dice.Next(2) == 0 ? null : When(dice);

    private static TimeSpan Length(Random dice) => dice.Next(5) == 0 ? TimeSpan.MaxValue : new TimeSpan(dice.NextInt64(1L << dice.Next(1, 60)));

    private static BootIdentity AnyBoot(Random dice) => new(Guid.NewGuid().ToString(), dice.NextInt64());
}
