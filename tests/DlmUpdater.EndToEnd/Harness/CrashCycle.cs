using System.Text.Json;

namespace DlmUpdater.EndToEnd.Harness;

/// <summary>One host that is killed on its way through a cycle with a reboot, started again until it is done, and judged by what its
/// scripts
/// wrote.</summary>
internal sealed class CrashCycle : IDisposable
{
    private const int MostStarts = 25;

    /// <summary>Every step of the cycle, in order.</summary>
    private static readonly string[] Order =
    [
        "needs_update/10-never", "needs_update/20-due", "pre_update/10-drain", "pre_update/20-stop", "update/10-fetch", "update/20-install",
        "needs_reboot/10-no", "needs_reboot/20-kernel", "reboot/reboot", "post_update/10-start", "post_update/20-health",
    ];

    /// <summary>The phases in order, as the state names them.</summary>
    private static readonly string[] Phases =
        ["needs_update", "lock_get", "pre_update", "update", "needs_reboot", "reboot", "post_update", "lock_release"];

    /// <summary>The phases in which an open run has the lock for certain: it was granted, and its release not yet asked for.</summary>
    private static readonly string[] LockedPhases = ["pre_update", "update", "needs_reboot", "reboot", "post_update"];

    private readonly List<string> wrong = [];
    private readonly List<string> story = [];
    private static readonly int FirstAfterReboot = Array.IndexOf(Order, "post_update/10-start");

    private readonly List<(int From, string[] Recorded, string Phase, string Boot)> looks = [];
    private Boot? boot;
    private bool rebootedUnasked;

    internal CrashCycle(string work = ":")
        : this(new Sandbox(), work)
    {
    }

    /// <summary>On a sandbox that has a lock service of its own. It is disposed of with this.</summary>
    internal CrashCycle(Sandbox host, string work = ":") => Host = host.Cycle(reboot: true, work);

    internal Sandbox Host { get; }

    /// <summary>How often it was killed.</summary>
    internal int Kills { get; private set; }

    /// <summary>True if no run is open and the last start said so.</summary>
    internal bool Done { get; private set; }

    /// <summary>What was wrong, with the story; empty if nothing was.</summary>
    internal IReadOnlyList<string> Wrong => wrong.Count == 0 ? [] : [.. wrong, "  story: " + string.Join("; ", story), "  scripts: " + Scripts()];

    /// <summary>One start, with whatever kills it.</summary>
    /// <param name="environment">The preloaded library's, or nothing.</param>
    /// <param name="killAfter">SIGKILL after so long; null = not.</param>
    internal void Start(IReadOnlyDictionary<string, string>? environment = null, TimeSpan? killAfter = null)
    {
        var how = new StartAs { Boot = boot, Environment = environment ?? new Dictionary<string, string>() };
        using Agent agent = Agent.Start(Host, how, "run");
        if (killAfter is { } pause)
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            while (clock.Elapsed < pause && !agent.HasEnded) Thread.Sleep(1);
            if (!agent.HasEnded) _ = agent.Kill();
        }

        Ended ended = agent.Wait();
        if (ended.WasKilled)
        {
            Kills++;
            Look("killed");
            return;
        }

        story.Add($"exit {ended.Code}");
        if (ended.Code != 0) wrong.Add($"exit code {ended.Code}: {ended.Error.Trim()}");
        Done = !File.Exists(Host.StateFile);
        if (!Done) Reboot();
    }

    /// <summary>One start in which a system call fails or is the last one. What must hold afterwards is looked at whatever the exit code
    /// is.</summary>
    /// <param name="wrapper">The tracer's words; see <see cref="FaultAt"/>.</param>
    /// <param name="sabotage">Done before the look.</param>
    internal Ended Fault(string[] wrapper, Action<CrashCycle>? sabotage = null)
    {
        using Agent agent = Agent.Start(Host, new StartAs { Boot = boot, Wrapper = wrapper }, "run");
        Ended ended = agent.Wait();
        if (ended.WasKilled) Kills++;
        sabotage?.Invoke(this);
        Look(ended.WasKilled ? "killed" : $"exit {ended.Code} ({ended.ErrorLines.LastOrDefault(line => line.Contains("error", StringComparison.Ordinal))})");
        Done = ended.Code == 0 && !File.Exists(Host.StateFile);

        // What could not be removed is removed by the next start, which has nothing else to do.
        if (Done && wrong.Count == 0) Start();
        if (ended.Code == 0 && !Done && wrong.Count == 0) Reboot();
        return ended;
    }

    /// <summary>Starts without any kill until it is done.</summary>
    internal void Finish()
    {
        for (int starts = 0; !Done && wrong.Count == 0; starts++)
        {
            if (starts == MostStarts)
            {
                wrong.Add($"not done after {MostStarts} starts");
                return;
            }

            Start();
        }
    }

    /// <summary>The host goes down, whatever runs: nothing of /run and no process is left.</summary>
    internal void PowerCut()
    {
        rebootedUnasked = true;
        Reboot();
    }

    /// <summary>Judges the whole of it, once it is done.</summary>
    internal void Judge(string[] filesOfACleanCycle)
    {
        ScriptLine[] lines = Host.Log.Lines;
        foreach (ScriptLine twice in ScriptLog.Copies(lines)) wrong.Add($"two copies of {twice.Full} ran at once");
        foreach (ScriptLine bare in lines.Where(l => l.Stage != "needs_update" && !l.Held)) wrong.Add($"{bare.What} of {bare.Full} without the lock");

        string[] runs = [.. lines.Where(l => l.Stage != "needs_update").Select(l => l.RunId).Distinct()];
        if (runs.Length != 1) wrong.Add($"{runs.Length} runs got beyond needs_update, not 1");
        foreach (var run in lines.Where(l => l.What == "start").GroupBy(l => l.RunId))
        {
            int at = 0;
            string boot = "";
            foreach (ScriptLine line in run)
            {
                int index = Array.IndexOf(Order, line.Full);

                // On another boot post_update begins anew: what succeeded on an earlier one does not count.
                if (line.Stage == "post_update" && line.Boot != boot && at > FirstAfterReboot) at = FirstAfterReboot;
                boot = line.Boot;
                if (index < at) wrong.Add($"{line.Full} ran after {Order[at]}");

                // A step may be left only when the one before it came to its end.
                for (int skipped = at; skipped < index; skipped++)
                {
                    bool mayMiss = Order[skipped] == "reboot/reboot" && rebootedUnasked;
                    if (!mayMiss && !Finished(lines, run.Key, Order[skipped], line)) wrong.Add($"{line.Full} ran before {Order[skipped]} had ended");
                }

                at = Math.Max(at, index);
            }
        }

        foreach (string step in Order.Where(s => s != "reboot/reboot" || !rebootedUnasked))
        {
            if (!lines.Any(l => l.What == "end" && l.Full == step)) wrong.Add($"{step} was never run to its end");
        }

        string[] requests = [.. lines.Where(l => l.Stage == "reboot").Select(l => l.Boot).Distinct()];
        foreach (ScriptLine post in lines.Where(l => l.Stage == "post_update" && requests.Contains(l.Boot))) wrong.Add($"{post.Full} ran on the boot that asked for the reboot");

        if (Host.Holders.Length > 0) wrong.Add($"the lock is held at the end by {string.Join(", ", Host.Holders)}");
        string[] files = Host.Files();
        foreach (string more in files.Except(filesOfACleanCycle)) wrong.Add($"left behind: {more}");

        // A kill may cost the record of the start that was killed.
        foreach (string less in filesOfACleanCycle.Except(files).Where(f => f != "state/history.jsonl")) wrong.Add($"missing: {less}");
        NothingRecordedWasRepeated(lines);
    }

    public void Dispose() => Host.Dispose();

    /// <summary>What must hold right after a start that was killed or failed, and what must hold from then on because of what the state
    /// says now.</summary>
    private void Look(string how)
    {
        string phase = "none";
        string[] recorded = [];
        bool requested = false;
        if (File.Exists(Host.StateFile))
        {
            try
            {
                using JsonDocument state = JsonDocument.Parse(File.ReadAllBytes(Host.StateFile));
                phase = state.RootElement.GetProperty("phase").GetString()!;
                recorded = [.. state.RootElement.GetProperty("scripts").EnumerateArray().Select(s => $"{phase}/{s.GetProperty("name").GetString()}")];
                requested = state.RootElement.TryGetProperty("reboot", out _);
            }
            catch (JsonException e)
            {
                wrong.Add($"the state is not complete after a start that was {how}: {e.Message}");
                return;
            }
        }

        story.Add($"{how} in {phase} with [{string.Join(", ", recorded)}]");
        string[] holders = Host.Holders;
        if (holders.Length > 1) wrong.Add($"{holders.Length} hold the one slot: {string.Join(", ", holders)}");
        if (LockedPhases.Contains(phase) && !holders.Contains(Host.Holder)) wrong.Add($"the lock was released, though the run is open in {phase}");
        if (phase == "none" && holders.Contains(Host.Holder)) wrong.Add("the lock is held, though no run is open");

        Ended status = Agent.Run(Host, new StartAs { Boot = boot }, "status", "--output", "json");
        if (status.Code != 0 || !status.Output.Contains($"\"phase\": \"{phase}\"", StringComparison.Ordinal))
            wrong.Add($"status after a start that was {how} in {phase}: exit code {status.Code}, {status.Output} {status.Error}");

        ScriptLine[] before = Host.Log.Lines;
        looks.Add((before.Length, recorded, phase, boot?.Id ?? Boot.Real));
        if (how == "killed" && phase == "reboot" && requested && before.Any(l => l is { What: "end", Stage: "reboot" })) Reboot();
    }

    /// <summary>From a kill on nothing may start that the state said was done.</summary>
    private void NothingRecordedWasRepeated(ScriptLine[] lines)
    {
        foreach (var (from, recorded, phase, bootId) in looks.Where(look => look.Phase is not ("none" or "lock_get")))
        {
            if (lines.FirstOrDefault(l => l.Stage != "needs_update")?.RunId is not { } run) return;
            foreach (ScriptLine line in lines.Skip(from).Where(l => l.What == "start" && l.RunId == run))
            {
                if (recorded.Contains(line.Full)
                    && (line.Stage != "post_update"
                    || line.Boot == bootId)) wrong.Add($"{line.Full} was repeated, though recorded as done");
                if (Array.IndexOf(Phases, line.Stage) < Array.IndexOf(Phases, phase)) wrong.Add($"{line.Full} ran again, though the state had got to {phase}");
            }
        }
    }

    private void Reboot()
    {
        Host.KillLeftovers();
        if (Directory.Exists(Host.RunDirectory)) Directory.Delete(Host.RunDirectory, recursive: true);
        boot = Host.NextBoot();
        story.Add("reboot");
    }

    private static bool Finished(ScriptLine[] lines, string run, string step, ScriptLine before) =>
        lines.TakeWhile(l => l != before).Any(l => l.What == "end" && l.Full == step && l.RunId == run
            && (l.Stage != "post_update" || l.Boot == before.Boot));

    private string Scripts() => string.Join(" ", Host.Log.Lines.Select(l => $"{l.What}:{l.Full}#{l.Attempt}{(l.Held ? "" : "!")}"));
}
