using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts.Upgrades;

/// <summary>What was found for an upgrade.</summary>
/// <param name="Scripts">The scripts of both directories, those that run every time first.</param>
/// <param name="Beside">An admin's scripts beside the bands, by directory name.</param>
/// <param name="Complaints">Not empty: nothing may run. Everything that is wrong, at once.</param>
/// <param name="Warnings">What an admin should know though it runs.</param>
/// <param name="Skipped">Names that were passed over, with the reason.</param>
internal sealed record FoundUpgrade(
    List<UpgradeScript> Scripts,
    Dictionary<string, IReadOnlyList<Script>> Beside,
    List<string> Complaints,
    List<string> Warnings,
    List<string> Skipped);

/// <summary>Finds the scripts of an upgrade and reads what they say of themselves. Runs nothing.</summary>
/// <param name="settings">Where, and which bands.</param>
/// <param name="scripts">How scripts are judged.</param>
internal sealed class UpgradeDirectory(UpgradeSettings settings, ScriptSettings scripts)
{
    /// <summary>Scripts that run every time.</summary>
    public const string EveryTime = "default";

    /// <summary>Scripts that run once.</summary>
    public const string Once = "upgrade";

    private readonly FoundUpgrade _found = new([], [], [], [], []);
    private readonly ProgramTrust _programs = new(Native.geteuid());

    /// <summary>Finds everything.</summary>
    public FoundUpgrade Find()
    {
        int absent = 0;
        foreach (string directory in (string[])[EveryTime, Once])
        {
            ScriptSet set = Look(directory);
            absent += set.Absent ? 1 : 0;
            foreach (Script script in set.Scripts)
                Take(script, directory == Once);
        }

        if (absent == 2)
            _found.Complaints.Add($"{settings.Directory} has neither {EveryTime} nor {Once}: make the directories, or set [upgrade] directory");
        foreach (Band band in settings.Bands)
        {
            foreach (string service in band.Services.Where(s => s.StartsWith('/')))
                Program($"[band {band.Name}] services", [service], mayBeMissing: false);
            foreach (Proof.Command command in band.Ready.OfType<Proof.Command>())
                Program($"[band {band.Name}] ready", command.Words, mayBeMissing: true);
            foreach (string directory in (string[])[band.BeforeDirectory, band.AfterDirectory])
                _found.Beside[directory] = Look(directory).Scripts;
        }

        return _found;
    }

    /// <summary>What is run as root is trusted like any script. What proves that a service is ready may be installed by the upgrade itself.</summary>
    private void Program(string key, IReadOnlyList<string> words, bool mayBeMissing)
    {
        string why = "";
        if (mayBeMissing)
            why = string.Join("; ", _programs.Against(words));
        else
            _ = _programs.Find(words, out why);
        if (why.Length > 0)
            _found.Complaints.Add($"{key}: {why}");
    }

    private ScriptSet Look(string directory)
    {
        string path = $"{settings.Directory}/{directory}";
        ScriptSet set = new ScriptDirectory(
            scripts with { Directories = scripts.Directories.SetItem(ScriptStage.Update, path), Missing = MissingRule.Empty, Untrusted = UntrustedRule.Fail },
            UserAccount.Find).Find(ScriptStage.Update);
        if (set.Unusable is { } why)
            _found.Complaints.Add(why);
        foreach (Refusal refusal in set.Refused)
            _found.Complaints.Add($"{refusal.Path}: {string.Join("; ", refusal.Reasons)}");
        _found.Warnings.AddRange(set.Warnings);
        _found.Skipped.AddRange(set.Skipped.Select(s => $"{directory}/{s}"));
        return set;
    }

    private void Take(Script script, bool isOnce)
    {
        var wrong = new List<string>();
        if (!ScriptNumber.TryRead(script.Name, out int number))
            wrong.Add($"its name does not begin with a number from {Band.First} to {Band.Last}, as 0010_{script.Name} does");
        IReadOnlyList<string> lines = RunnableCheck.ReadHead(script.Path, out _)?.Lines ?? [];
        UpgradeHeader header = UpgradeHeader.Read(lines, script.Header, settings.RequiresHeader, out IReadOnlyList<string> complaints);
        wrong.AddRange(complaints);
        if (isOnce && header.RunOnce == false)
            wrong.Add($"its header says that it runs always, and scripts of {Once} run once: move it to {EveryTime}");
        bool once = isOnce || header.RunOnce == true;
        string hash = once ? RunOnceRecord.HashOf(script.Path) ?? "" : "";
        if (wrong.Count > 0)
            _found.Complaints.Add($"{script.Path}: {string.Join("; ", wrong)}");
        else
            _found.Scripts.Add(new(number, script, header, once, hash));
    }
}
