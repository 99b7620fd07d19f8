using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Asks scripts before a run whether they will have an answer: those that say <c>probe=yes</c> are called with <c>--probe</c>, which changes
/// nothing.</summary>
/// <param name="runner">Runs them.</param>
internal sealed class ScriptProbe(ProcessRunner runner)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Null if the script will have an answer; else why not: one line.</summary>
    /// <param name="script">A trusted script.</param>
    /// <param name="cancel">Ends it.</param>
    internal string? Ask(Script script, CancellationToken cancel)
    {
        UserLookup? user = script.User is { } name ? UserAccount.Find(name) : null;
        if (user is { Account: null }) return user.Why ?? "its user is not known";
        UserAccount account = user?.Account ?? UserAccount.Own();
        var lines = new List<string>();
        ScriptResult result = runner.Run(
            new ProcessRequest
            {
                Path = script.Path,
                Arguments = [script.Path, "--probe"],
                Environment = ScriptEnvironment.Plain(account),
                As = account.Uid == Native.geteuid() ? null : account,
                Limit = Limit,
                InterruptGrace = TimeSpan.FromSeconds(1),
            },
            new RunnerEvents { Line = lines.Add }, cancel);
        return result.Succeeded ? null : lines.FindLast(line => line.Length > 0) is { } last ? $"{last} ({result.Describe()})" : result.Describe();
    }
}
