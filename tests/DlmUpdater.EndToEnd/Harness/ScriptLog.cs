using System.Diagnostics;

namespace DlmUpdater.EndToEnd.Harness;

/// <summary>One line that a script wrote of itself.</summary>
/// <param name="What"><c>start</c>, <c>end</c> or <c>note</c>.</param>
/// <param name="Host">Whose script.</param>
/// <param name="Stage">Its directory without <c>.d</c>, or <c>reboot</c> for the reboot command.</param>
/// <param name="Name">Its file name.</param>
/// <param name="Phase">DLM_UPDATER_PHASE.</param>
/// <param name="RunId">DLM_UPDATER_RUN_ID.</param>
/// <param name="Attempt">DLM_UPDATER_ATTEMPT.</param>
/// <param name="Boot">The boot id as it saw it.</param>
/// <param name="Held">True if the lock file named this host as a holder at that moment.</param>
/// <param name="Extra">The pid at the start, the exit code at the end, the word of a note.</param>
internal sealed record ScriptLine(
    string What, string Host, string Stage, string Name, string Phase, string RunId, string Attempt, string Boot, bool Held, string Extra)
{
    internal string Full => $"{Stage}/{Name}";
}

/// <summary>What the scripts wrote, in the order of time: every line is one append.</summary>
internal sealed class ScriptLog(string path)
{
    internal string Path => path;

    internal ScriptLine[] Lines => File.Exists(path) ? [.. File.ReadAllLines(path).Select(Parse)] : [];

    internal string[] Started => [.. Lines.Where(l => l.What == "start").Select(l => l.Full)];

    /// <summary>The starts of a script beside which another copy of it ran. Each line is one append, so the order is that of time: a start
    /// after a start that had not ended on the same boot. (Only for scripts that nobody kills.)</summary>
    internal static IEnumerable<ScriptLine> Copies(IEnumerable<ScriptLine> lines)
    {
        var running = new HashSet<(string, string, string)>();
        foreach (ScriptLine line in lines)
        {
            (string, string, string) script = (line.Host, line.Full, line.Boot);
            if (line.What == "start" && !running.Add(script)) yield return line;
            if (line.What == "end") running.Remove(script);
        }
    }

    /// <summary>Waits for a line; fails after 20 s.</summary>
    internal ScriptLine WaitFor(Func<ScriptLine, bool> wanted)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < TimeSpan.FromSeconds(20))
        {
            if (Lines.FirstOrDefault(wanted) is { } line) return line;
            Thread.Sleep(5);
        }

        throw new TimeoutException($"the scripts did not come to it within 20 s; they wrote:\n{(File.Exists(path) ? File.ReadAllText(path) : "nothing")}");
    }

    internal ScriptLine WaitForStart(string full) => WaitFor(l => l.What == "start" && l.Full == full);

    private static ScriptLine Parse(string line) => line.Split('|') is [var what, var host, var stage, var name, var phase, var run, var attempt, var boot, var held, var extra]
        ? new ScriptLine(what, host, stage, name, phase, run, attempt, boot, held == "yes", extra)
        : throw new FormatException($"not a line of a script: '{line}'");
}
