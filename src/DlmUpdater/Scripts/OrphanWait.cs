using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>One wait for the session of an orphaned script: its timeout, and the reminders that name its processes.</summary>
internal sealed class OrphanWait(
    ProcessSession session, string script, long startTicks, TimeSpan? limit, TimeProvider time, OutlivedLimits limits,
        ScriptListener listener)
{
    private long? _asked, _reported;

    /// <summary>True once its timeout was reached.</summary>
    public bool IsAsked => _asked is not null;

    /// <summary>Ends what has run too long, and names what is waited for. Called at every look.</summary>
    public void Act()
    {
        bool due = limit is not null && TimeSpan.FromMilliseconds((ProcessTable.UptimeTicks() - startTicks) * 10) >= limit;
        bool report = _reported is null || time.GetElapsedTime(_reported.Value) >= limits.Remind;
        if (!due && !report)
            return;

        List<ProcessStat> members = session.Members();
        if (due && _asked is null)
        {
            listener.Log(LogLevel.Warning, $"script {TrustChain.Shown(script)} has reached its timeout: ending it");
            _asked = time.GetTimestamp();
            session.Ask(members);
        }
        else if (due && time.GetElapsedTime(_asked!.Value) >= limits.KillGrace)
        {
            session.Kill(members);
        }

        if (report && members.Count > 0)
            Report(members);
    }

    private void Report(List<ProcessStat> members)
    {
        string what = $"processes of script {TrustChain.Shown(script)}: {ProcessSession.Describe(members)}";
        if (_reported is not null)
            listener.Log(LogLevel.Warning, $"still waiting for {what}; once they have ended, or were ended, this start continues");
        listener.Waiting(what);
        _reported = time.GetTimestamp();
    }
}
