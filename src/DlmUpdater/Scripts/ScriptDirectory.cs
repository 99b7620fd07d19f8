using System.Runtime.InteropServices;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Finds the scripts of one stage: root's directory and, before and after the update, those of the configured users.</summary>
/// <param name="settings">Where to look.</param>
/// <param name="users">Looks up a user.</param>
internal sealed class ScriptDirectory(ScriptSettings settings, Func<string, UserLookup> users)
{
    /// <summary>The directory in a user's home that holds the user's own stages.</summary>
    public const string UserDirectory = "dlm_engine_updater";

    /// <summary>Finds and judges everything in <paramref name="stage"/>.</summary>
    public ScriptSet Find(ScriptStage stage)
    {
        string directory = settings.Directories[stage];
        uint own = Native.geteuid();
        var found = new Findings();
        var judge = new ScriptJudge(stage, settings, users, found);

        string? unusable = Scan(directory, judge, own, null, out bool missing);
        bool absent = missing && (stage.IsOptional() || settings.Missing == MissingRule.Empty);
        if (stage is ScriptStage.PreUpdate or ScriptStage.PostUpdate)
        {
            foreach (string name in settings.UserScriptUsers)
                unusable ??= ScanUser(stage, name, judge, found);
        }

        found.Scripts.Sort(Compare);
        return new ScriptSet
        {
            Stage = stage,
            Directory = directory,
            Scripts = [.. found.Scripts],
            Refused = [.. found.Refused],
            Skipped = [.. found.Skipped],
            Warnings = [.. found.Warnings],
            Unusable = absent ? null : unusable,
            Absent = absent,
        };
    }

    private string? ScanUser(ScriptStage stage, string name, ScriptJudge judge, Findings found)
    {
        UserLookup lookup = users(name);
        if (lookup.Account is not { } account)
        {
            string why = $"[scripts] user_script_users: {lookup.Why}";
            if (settings.Untrusted != UntrustedRule.Skip)
                return why;
            found.Warnings.Add(why + "; no script of that user is run");
            return null;
        }

        string directory = $"{account.Home.TrimEnd('/')}/{UserDirectory}/{stage.DirectoryName()}";
        string? unusable = Scan(directory, judge, account.Uid, account, out bool missing);
        return missing ? null : unusable;
    }

    /// <summary>Null, or why <paramref name="directory"/> cannot be used.</summary>
    private static string? Scan(string directory, ScriptJudge judge, uint owner, UserAccount? user, out bool missing)
    {
        (TrustChain chain, ProgramTrust programs) = (new(owner), new(owner));
        FileFacts? facts = FileFacts.Read(directory, true, out int error);
        missing = false;
        if (facts is null)
        {
            if (FileFacts.Read(directory, false, out _) is { IsLink: true })
                return $"{directory} is a link to {TrustChain.Shown(FileFacts.TargetOf(directory) ?? "?")}, which does not exist";
            missing = error == Native.ENOENT;
            return missing
                ? $"{directory} does not exist: create it; empty is fine"
                : $"{directory} cannot be read: {Marshal.GetPInvokeErrorMessage(error)}";
        }

        if (!facts.Value.IsDirectory)
            return $"{directory} is not a directory";

        try
        {
            foreach (string path in Directory.EnumerateFileSystemEntries(directory, "*", new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false }))
                judge.Look(directory, Path.GetFileName(path), chain, programs, user);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{directory} cannot be read: {FileErrors.Text(e)}";
        }

        judge.Directory(directory, chain);
        return null;
    }

    /// <summary>By file name; of two with the same name root's first, then by user.</summary>
    private static int Compare(Script left, Script right)
    {
        int byName = ScriptOrder.Compare(Path.GetFileName(left.Name), Path.GetFileName(right.Name));
        return byName != 0 ? byName
            : left.Name.Contains('/') != right.Name.Contains('/') ? (left.Name.Contains('/') ? 1 : -1)
            : ScriptOrder.Compare(left.Name, right.Name);
    }
}

/// <summary>What a search has found so far.</summary>
internal sealed class Findings
{
    public List<Script> Scripts { get; } = [];

    public List<Refusal> Refused { get; } = [];

    public List<string> Skipped { get; } = [];

    public List<string> Warnings { get; } = [];
}
