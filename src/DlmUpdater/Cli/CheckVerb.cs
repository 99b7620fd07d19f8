using System.CommandLine;
using DlmUpdater.Configuration;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Scripts;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary><c>dlm-updater check</c>: everything that would go wrong at night, found by day, each with what to do. Changes nothing.</summary>
internal static class CheckVerb
{
    internal static Command Build()
    {
        Option<string> config = CommonOptions.Config();
        Option<OutputFormat> output = CommonOptions.Output();
        var command = new Command("check", "Find out by day what would stop a run at night: configuration, scripts, files, lock, clock") { config, output };
        command.SetAction(parsed =>
        {
            IReadOnlyList<Finding> findings = [.. Findings(parsed.GetValue(config)!)];
            _ = parsed.GetValue(output) == OutputFormat.Json ? Report.Json(json => CheckReport.WriteJson(json, findings)) : Report.Text(CheckReport.Text(findings));
            return findings.Any(f => f.Level == FindingLevel.Error)
                ? Setup.Fail(Ending.Misconfigured, $"{CheckReport.Count(findings, FindingLevel.Error, "error")} found: mend each, and check again")
                : 0;
        });
        return command;
    }

    private static IEnumerable<Finding> Findings(string file)
    {
        if (WorkingDirectory.For(file, out string noDirectory) is not { } directory)
        {
            yield return Finding.Error("configuration", noDirectory, "name it with an absolute path");
            yield break;
        }

        LoadedConfiguration loaded = Load(file, directory);
        foreach (Complaint complaint in loaded.Complaints)
        {
            yield return complaint.Severity != Severity.Warning
                ? Finding.Error("configuration", complaint.Text, "correct it there")
                : Finding.Warning("configuration", complaint.Text, "correct it there");
        }

        if (loaded.Settings is not { } settings) yield break;
        if (loaded.Notice is { } notice) yield return Finding.Ok("configuration", notice);
        if (loaded.Complaints.Count == 0) yield return Finding.Ok("configuration", string.Join(", ", loaded.Files));
        if (Native.geteuid() != 0)
            yield return Finding.Warning("user", $"this check runs as uid {Native.geteuid()}, and a run as root sees and may do more", "check as root");

        foreach (Finding finding in Host(settings))
            yield return finding with { Why = loaded.InItsWords(finding.Why), Fix = finding.Fix is { } fix ? loaded.InItsWords(fix) : null };
    }

    private static IEnumerable<Finding> Host(UpdaterSettings settings)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        BootIdentity? boot = BootInfo.Read(out string noBoot);
        yield return boot is null ? Finding.Error("boot id", noBoot, "a reboot cannot be told from none until that is mended") : Finding.Ok("boot id", boot.BootId);

        var scripts = new HostScripts(settings.Scripts, settings.Paths, boot ?? new BootIdentity("", 0), TimeProvider.System, new ScriptListener());
        ScriptSet[] sets = [.. ScriptStages.All.Select(scripts.Find)];
        foreach (Finding finding in ChecksScripts.All(sets)) yield return finding;
        var probe = new ScriptProbe(new ProcessRunner(TimeProvider.System, new RunnerLimits()));
        // A run asks as root, and another user may get another answer.
        if (Native.geteuid() == 0)
        {
            foreach (Finding finding in ChecksScripts.Probes(sets, script => probe.Ask(script, CancellationToken.None))) yield return finding;
        }

        var programs = new ProgramTrust(Native.geteuid());
        IReadOnlyList<string> command = settings.Reboot.Command.IsEmpty ? ThisHost.HostCommand : settings.Reboot.Command;
        yield return ChecksScripts.RebootCommand(sets.First(s => s.Stage == ScriptStage.Reboot), command, !settings.Reboot.Command.IsEmpty, programs);
        if (!settings.NotifyCommand.IsEmpty) yield return ChecksScripts.NotifyCommand(settings.NotifyCommand, programs);
        foreach (Finding finding in ChecksScripts.SearchPath(new TrustChain(Native.geteuid()))) yield return finding;

        yield return ChecksHost.BootChecks(
            new BootChecks(new ProcessRunner(TimeProvider.System, new RunnerLimits()), TimeProvider.System).Ask(start: false, TimeSpan.FromSeconds(30), CancellationToken.None));

        foreach (Finding finding in ChecksFiles.All(settings.Paths, settings.Log)) yield return finding;

        foreach (Finding finding in ChecksUpgrade.All(settings)) yield return finding;

        StoredRun stored = new RunStateFile(settings.Paths.StateFile).Peek();
        yield return ChecksLock.Run(stored, now);
        foreach (Finding finding in TheLock(settings, stored)) yield return finding;
        DateTimeOffset? lastEnded = new History(History.PathIn(settings.Paths.StateDirectory)).Read(1).Records is [.., var newest] ? newest.Ended : null;
        yield return ChecksHost.Clock(now, stored, lastEnded);
    }

    private static IEnumerable<Finding> TheLock(UpdaterSettings settings, StoredRun stored)
    {
        if (settings.Lock.Service == LockServiceKind.None)
        {
            yield return ChecksLock.NoService(settings.Reboot.Strategy);
            yield break;
        }

        if (settings.Lock.Service == LockServiceKind.File)
        {
            yield return ChecksHost.Holder(settings.Lock.Holder, MachineId.Read(), MachineId.HostName(), ChecksHost.InContainer());
            yield return ChecksLock.FileService(settings.File.Directory);
        }

        bool isFaulty = false;
        foreach (Finding finding in ChecksTls.All(settings, TimeProvider.System.GetUtcNow()))
        {
            isFaulty |= finding.Level == FindingLevel.Error;
            yield return finding;
        }

        if (isFaulty) yield break;
        if (Setup.LockService(settings, out string why) is not { } service)
        {
            if (settings.Lock.Service != LockServiceKind.File) yield return Finding.Error("lock service", why, "until then no run gets the lock");
            yield break;
        }

        ShowReply shown = BoundedCall.Show(service);
        foreach (Finding finding in ChecksLock.Lock(service.Identity, shown, stored)) yield return finding;
        // Asked only of a service that answers, or has nothing to answer: one complaint of a dead one is enough.
        if (shown is ShowReply.Shown or ShowReply.CannotTell && service is ILockProbe probe)
        {
            foreach (ProbeAnswer answer in BoundedCall.Probe(probe)) yield return ChecksLock.Probed(answer);
        }

        if (settings is { Lock.Service: LockServiceKind.Foreman, Foreman.Admin: { } admin } && shown is ShowReply.Shown && service is ILockList list)
            yield return ChecksLock.Admin(admin.User, BoundedCall.List(list));
    }

    private static LoadedConfiguration Load(string file, string directory) => ConfigurationLoader.Load(new ConfigurationRequest
    {
        File = file,
        WorkingDirectory = directory,
        Environment = Setup.Variables(),
        Strict = true,
        Secrets = SecretUse.Admin,
    });
}
