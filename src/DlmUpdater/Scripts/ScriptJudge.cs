using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Judges each entry of a stage's directory: a script, passed over by name or kind, or refused with every reason.</summary>
internal sealed class ScriptJudge(ScriptStage stage, ScriptSettings settings, Func<string, UserLookup> users, Findings found)
{
    /// <summary>Judges <paramref name="name"/> in <paramref name="directory"/>; <paramref name="user"/> is whose directory it is, null for root's.</summary>
    public void Look(string directory, string name, TrustChain chain, ProgramTrust programs, UserAccount? user)
    {
        string path = directory + "/" + name;
        string shown = TrustChain.Shown(user is null ? name : user.Name + "/" + name);
        if (ScriptOrder.SkipReason(name) is { } skip)
        {
            found.Skipped.Add($"{shown}: {skip}");
            return;
        }

        // What is not UTF-8 was replaced when it was read, and cannot be asked for by that name.
        if (TrustChain.Shown(name) != name || name.Contains('\uFFFD'))
        {
            Refuse(path, ["its name holds a control character or is not UTF-8: rename it"]);
            return;
        }

        TrustResult trust = chain.Check(path);
        if (trust.File is { IsDirectory: true })
            found.Skipped.Add($"{shown}: a directory");
        else if (trust is { File.IsNullDevice: true, Links: > 0 })
            found.Skipped.Add($"{shown}: masked by a link to /dev/null");
        else
            Judge(path, name, trust, programs, user);
    }

    /// <summary>Says so if <paramref name="directory"/> itself can be changed by others: what was removed from it is not seen by looking at what is there.</summary>
    public void Directory(string directory, TrustChain chain)
    {
        if (found.Refused.Count > 0)
            return;
        IReadOnlyList<string> reasons = chain.Check(directory).Reasons;
        if (reasons.Count > 0)
            found.Warnings.Add($"{directory} cannot be trusted, no script in it will be: {string.Join("; ", reasons)}");
    }

    private void Judge(string path, string name, TrustResult trust, ProgramTrust programs, UserAccount? user)
    {
        var untrusted = new List<string>(trust.Reasons);
        if (trust.File is { IsRegular: false })
            untrusted.Add("it is not a regular file");
        else if (trust.File is { } facts && (facts.Mode & 0b001_000_000) == 0)
            untrusted.Add($"it is not executable by its owner (mode {facts.ModeText}): chmod u+x");

        if (untrusted.Count > 0 && settings.Untrusted == UntrustedRule.Skip && WasSkipped(path, user))
        {
            string why = string.Join("; ", untrusted);
            found.Skipped.Add($"{(user is null ? name : user.Name + "/" + name)}: not trusted: {why}");
            found.Warnings.Add($"{path} is skipped, because it cannot be trusted: {why}");
            return;
        }

        // The content is read even of a script that only lacks a mode bit, to name everything at once; never of what may be a trap.
        ScriptHeader header = ScriptHeader.None;
        UserAccount? runAs = user;
        var faults = new List<string>();
        if (trust is { Reasons.Count: 0, File.IsRegular: true })
            header = Content(path, trust.File.Value, programs, user, faults, ref runAs);

        if (untrusted.Count + faults.Count > 0)
            Refuse(path, [.. untrusted, .. faults]);
        else
            found.Scripts.Add(new(stage, user is null ? name : user.Name + "/" + name, path, header, Limit(header), runAs?.Name));
    }

    /// <summary>True if foreman_dlm_updater and DLMEngineUpdater passed the script over too. They looked at what a link leads to, and at its own owner and mode only:
    /// what they ran and is refused here for a directory above it stays an error, because it would be missed.</summary>
    private static bool WasSkipped(string path, UserAccount? user) =>
        FileFacts.Read(path, true, out _) is not { IsRegular: true } facts
        || facts.Uid != (user?.Uid ?? Native.geteuid())
        || (facts.Mode & 0b001_000_000) == 0
        || (facts.Mode & 0b000_010_010) != 0;

    private ScriptHeader Content(string path, FileFacts facts, ProgramTrust programs, UserAccount? user, List<string> faults, ref UserAccount? runAs)
    {
        // A user can replace a script of its own after the look at it: by a link to a file that only root may read, which is not to be quoted.
        if (RunnableCheck.ReadHead(path, out string why, facts, user) is not { } head)
        {
            faults.Add("it " + why);
            return ScriptHeader.None;
        }

        if (RunnableCheck.Against(head) is { } against)
            faults.Add("it " + against);
        if (RunnableCheck.IsNoExec(path))
            faults.Add("its file system is mounted noexec");

        ParsedHeader parsed = ScriptHeader.Parse(head.Lines);
        faults.AddRange(parsed.Complaints.Select(TrustChain.Shown));
        if (parsed.Header.User is { } name)
            runAs = Named(name, facts, user, faults);
        if (head.Form == ScriptForm.Interpreted)
            faults.AddRange((runAs is null || runAs == user ? programs : new ProgramTrust(runAs.Uid)).AgainstInterpreter(head));
        if (faults.Count == 0 && runAs is not null && runAs.Uid != Native.geteuid())
            MayRun(path, runAs, head, faults);
        return parsed.Header;
    }

    /// <summary>The user that the header names. Only root may choose one: else a user could run scripts as another.</summary>
    private UserAccount? Named(string name, FileFacts facts, UserAccount? user, List<string> faults)
    {
        if (user is not null && name == user.Name)
            return user;
        if (user is not null || facts.Uid != 0)
        {
            faults.Add($"its header names user {TrustChain.Shown(name)}, which only a script of root may do");
            return user;
        }

        UserLookup lookup = users(name);
        if (lookup.Account is null)
            faults.Add($"its header names a user: {TrustChain.Shown(lookup.Why ?? "")}");
        return lookup.Account;
    }

    private static void MayRun(string path, UserAccount user, ScriptHead head, List<string> faults)
    {
        if (Native.geteuid() != 0)
            faults.Add($"it runs as user {user.Name}, which only root can arrange");
        else if (!RunAs.MayRun(user, path, head.Form == ScriptForm.Interpreted))
            faults.Add($"user {user.Name} may not reach, read or execute it");
    }

    private TimeSpan? Limit(ScriptHeader header)
    {
        TimeSpan? limit = header.Timeout ?? settings.Timeouts[stage];
        return limit == TimeSpan.Zero ? null : limit;
    }

    private void Refuse(string path, List<string> reasons) => found.Refused.Add(new(TrustChain.Shown(path), reasons));
}
