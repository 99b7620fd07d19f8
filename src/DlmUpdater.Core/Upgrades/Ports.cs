using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Upgrades;

/// <summary>The services of the host: a port, acted out by systemd and by scripts.</summary>
public interface IServices
{
    /// <summary>Starts or stops a service. Null when the call succeeded, which proves nothing yet; else why it did not.</summary>
    ValueTask<string?> Set(string service, BandState state, CancellationToken cancel);

    /// <summary>Null if the service is in <paramref name="state"/>, else what it is instead.</summary>
    ValueTask<string?> Look(string service, BandState state, CancellationToken cancel);

    /// <summary>Null if it is so now, else why not.</summary>
    ValueTask<string?> Prove(Proof proof, CancellationToken cancel);
}

/// <summary>What an upgrade remembers: a port. Each call is durable when it returns: null, or why it cannot be written.</summary>
public interface IUpgradeStore
{
    /// <summary>The services of a band are about to be touched.</summary>
    ValueTask<string?> Enter(Band band);

    /// <summary>A script that runs every time, or one beside a band, ended with exit code 0.</summary>
    ValueTask<string?> Finish(string name);

    /// <summary>A once-script ended with exit code 0.</summary>
    ValueTask<string?> FinishOnce(UpgradeScript script);

    /// <summary>A band is done.</summary>
    ValueTask<string?> Leave(Band band);
}

/// <summary>Runs scripts: a port.</summary>
public interface IUpgradeScripts
{
    /// <summary>Runs one to its end. Cancelling asks it to stop and waits for it.</summary>
    ValueTask<ScriptResult> Run(Script script, Band band, CancellationToken cancel);
}

/// <summary>Something an upgrade did or learned, for log and terminal. Events decide nothing.</summary>
public abstract record UpgradeEvent
{
    /// <summary>It begins, or goes on.</summary>
    public sealed record Begun(string Id, int Attempt, int Count) : UpgradeEvent;

    /// <summary>A band is entered. <paramref name="Again"/>: its services were touched by an earlier start.</summary>
    public sealed record BandEntered(Band Band, bool Again) : UpgradeEvent;

    /// <summary>A service is about to be stopped or started.</summary>
    public sealed record ServiceSetting(string Service, BandState State) : UpgradeEvent;

    /// <summary>It is what it should be, after so long.</summary>
    public sealed record ServiceReady(string What, BandState State, TimeSpan After) : UpgradeEvent;

    /// <summary>It is not yet what it should be.</summary>
    public sealed record Waiting(string What, string Why, TimeSpan Since) : UpgradeEvent;

    /// <summary>A script is not run. Told once, before the first one runs.</summary>
    public sealed record Skipped(UpgradeStep Step) : UpgradeEvent;

    /// <summary>A script is about to start, as number <paramref name="Index"/> (from 1) of <paramref name="Count"/>.</summary>
    public sealed record ScriptStarting(Script Script, Band Band, int Index, int Count) : UpgradeEvent;

    /// <summary>It ended.</summary>
    public sealed record ScriptEnded(Script Script, ScriptResult Result) : UpgradeEvent;

    /// <summary>Something an admin should know; the upgrade goes on.</summary>
    public sealed record Warning(string Message) : UpgradeEvent;
}
