using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Configuration.Adopted;

/// <summary>What locksmithd is told by its unit: <c>Environment=</c>, then <c>EnvironmentFile=</c>, which has precedence, then the flags in <c>ExecStart=</c>, which
/// win over both. What cannot be interpreted is an error: a host must not reboot at any hour because a window was not understood.</summary>
internal sealed class LocksmithdUnit
{
    /// <summary>Its name.</summary>
    internal const string Name = "locksmithd.service";

    private const string Daemon = "locksmithd", Prefix = "LOCKSMITHD_";

    private static readonly string[] Texts = ["endpoint", "etcd-keyfile", "etcd-certfile", "etcd-cafile", "etcd-username", "etcd-password", "group"], Switches = ["debug", "version"];

    private readonly Findings _findings;
    private readonly List<OldSetting> _environment = [];
    private readonly List<(string Path, bool IsOptional, Place Place)> _files = [];
    private readonly List<UnitAssignment> _commands = [];
    private readonly List<UnitAssignment> _passed = [];
    private readonly List<UnitAssignment> _unset = [];

    private LocksmithdUnit(Findings findings) => _findings = findings;

    /// <summary>The settings in the order in which they apply; null if this host has no such unit and no drop-in of it.</summary>
    /// <param name="directories">Where units are.</param>
    /// <param name="usualFiles">What the unit reads of its own, where only drop-ins are left of it.</param>
    /// <param name="place">The place to which those of the files are added.</param>
    /// <param name="content">Reads a file of the unit.</param>
    /// <param name="variables">Reads an environment file: the path, and whether it may be missing.</param>
    /// <param name="findings">What cannot be interpreted.</param>
    internal static List<OldSetting>? Read(
        IReadOnlyList<string> directories, IEnumerable<string> usualFiles, Place place, Func<Place, byte[]?> content, Func<Place, bool, List<OldSetting>> variables, Findings findings)
    {
        (string? main, IReadOnlyList<string> dropIns) = SystemdUnit.Find(Name, directories, findings);
        if (main is null && dropIns.Count == 0) return null;
        var unit = new LocksmithdUnit(findings);
        if (main is null)
        {
            foreach (string file in usualFiles) unit._files.Add((file, true, place));
        }

        foreach (string file in (string[])[.. main is null ? [] : (string[])[main], .. dropIns])
        {
            Place at = place with { Name = file };
            if (content(at) is not { } bytes) continue;
            foreach (UnitAssignment one in SystemdSyntax.Assignments(bytes, at, findings))
            {
                if (one.Section == "Service") unit.Take(one);
            }
        }

        return unit.Settings(place, variables);
    }

    private void Take(UnitAssignment one)
    {
        switch (one.Key)
        {
            case "Environment":
                if (one.Value.Length == 0) _environment.Clear();
                foreach (string word in Words(one)) Set(word, one.Place);
                break;
            case "EnvironmentFile":
                if (one.Value.Length == 0) _files.Clear();
                else File(one);
                break;
            case "ExecStart":
                if (one.Value.Length == 0) _commands.Clear();
                else _commands.Add(one);
                break;
            case "PassEnvironment":
                if (one.Value.Length == 0) _passed.Clear();
                else _passed.Add(one);
                break;
            case "UnsetEnvironment":
                if (one.Value.Length == 0) _unset.Clear();
                else _unset.Add(one);
                break;
        }
    }

    private List<OldSetting> Settings(Place place, Func<Place, bool, List<OldSetting>> variables)
    {
        var settings = new List<OldSetting>();
        foreach (UnitAssignment passed in _passed)
        {
            foreach (string name in Words(passed).Where(LocksmithdSettings.IsSetting))
                Complain(passed, $"passes {Display.Plain(name)} on from systemd's own environment, which no file shows: write it as Environment=");
        }

        settings.AddRange(_environment);
        foreach ((string path, bool isOptional, Place at) in _files)
        {
            if (!isOptional && TrustedFile.Read(path, 0) is FileContent.Missing)
                _findings.AddUnread(at, $"EnvironmentFile: {Display.Plain(path)} does not exist, and the unit cannot start without it");
            else settings.AddRange(variables(place with { Name = path }, true));
        }

        foreach (string word in _unset.SelectMany(Words))
        {
            string name = word.Split('=')[0];
            if (word == name || settings.FindLast(setting => setting.Name == name) is { } last && word == $"{name}={last.Value}")
                settings.RemoveAll(setting => setting.Name == name);
        }

        if (_commands.Count > 1) Complain(_commands[1], "is a second command: which one is meant is not known");
        else if (_commands.Count == 1) settings.AddRange(Flags(_commands[0], settings));
        return settings;
    }

    private void Set(string word, Place place)
    {
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0 && IsName(word[..equals])) _environment.Add(new OldSetting(word[..equals], word[(equals + 1)..], place with { Origin = word[..equals] }));
        else _findings.Add(Severity.Warning, place, "Environment: a word is not NAME=VALUE, and systemd ignores it: a value with blanks is written in quotes");
    }

    private static bool IsName(string name) => !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private void File(UnitAssignment one)
    {
        bool isOptional = one.Value[0] == '-';
        if (SystemdSyntax.Resolve(isOptional ? one.Value[1..] : one.Value, Specifier, out string why) is not { } path) Complain(one, why);
        else if (!path.StartsWith('/')) _findings.Add(Severity.Warning, one.Place, "EnvironmentFile: is not an absolute path, and systemd ignores it");
        else if (path.AsSpan().ContainsAny('*', '?', '[')) Complain(one, "has a wildcard: name each file");
        else _files.Add((path, isOptional, one.Place));
    }

    /// <summary>The flags of locksmithd, under the names of the variables for which they stand.</summary>
    private List<OldSetting> Flags(UnitAssignment command, List<OldSetting> environment)
    {
        string line = command.Value.TrimStart('@', '-', ':', '+', '!');
        string prefixes = command.Value[..^line.Length];
        if (Words(command with { Value = line }).ToArray() is not [var program, .. var rest]) return [];
        if (Path.GetFileName(program) != Daemon || rest.Contains(";"))
        {
            Complain(command, $"starts {Display.Quote(program)}: only a command that is {Daemon} itself can be read");
            return [];
        }

        if (prefixes.Contains('@', StringComparison.Ordinal)) rest = [.. rest.Skip(1)];
        string[] words = prefixes.Contains(':', StringComparison.Ordinal) ? [.. rest] : [.. rest.SelectMany(word => Expanded(word, environment))];
        GoFlags flags = GoFlags.Parse(words, Texts, Switches);
        if (flags.Error is { } wrong || flags.IsOn("version"))
        {
            Complain(command, $"{Daemon} does not start with these flags ({(flags.Error is null ? "-version" : Display.Plain(flags.Error))})");
            return [];
        }

        return [.. ((string[])[.. Texts, .. Switches]).Where(flags.IsGiven).Select(name => new OldSetting(
            Prefix + name.ToUpperInvariant().Replace('-', '_'), name == "endpoint" ? string.Join(',', flags.All(name)) : flags.All(name).Last(), command.Place with { Origin = "ExecStart -" + name }))];
    }

    /// <summary>A word with its variables: <c>${NAME}</c> anywhere, and <c>$NAME</c> as a word of its own, which is split at blanks.</summary>
    private static string[] Expanded(string word, List<OldSetting> environment)
    {
        if (word is ['$', not ('{' or '$'), ..]) return Value(word[1..]).Split([' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries);
        var text = new System.Text.StringBuilder();
        for (int i = 0; i < word.Length; i++)
        {
            int end = word.AsSpan(i).StartsWith("${") ? word.IndexOf('}', i) : -1;
            if (word.AsSpan(i).StartsWith("$$")) text.Append(word[i++]);
            else if (end < 0) text.Append(word[i]);
            else text.Append(Value(word[(i + 2)..(i = end)]));
        }

        return [text.ToString()];

        string Value(string name) => environment.LastOrDefault(setting => setting.Name == name)?.Value ?? "";
    }

    private IEnumerable<string> Words(UnitAssignment one)
    {
        if (SystemdSyntax.Words(one.Value, out string why) is not { } words)
        {
            Complain(one, why);
            yield break;
        }

        foreach (string word in words)
        {
            if (SystemdSyntax.Resolve(word, Specifier, out why) is { } resolved) yield return resolved;
            else Complain(one, why);
        }
    }

    /// <summary>What is known of this unit without asking systemd.</summary>
    private static string? Specifier(char letter) => letter switch
    {
        'n' => Name,
        'N' or 'p' or 'P' or 'j' or 'J' => Daemon,
        'i' or 'I' => "",
        'H' => MachineId.HostName(),
        'l' => MachineId.HostName().Split('.')[0],
        'm' => MachineId.Read().Id,
        't' => "/run",
        'S' => "/var/lib",
        'C' => "/var/cache",
        'L' => "/var/log",
        'E' => "/etc",
        'u' or 'g' => "root",
        'U' or 'G' => "0",
        'h' => "/root",
        _ => null,
    };

    private void Complain(UnitAssignment one, string why) => _findings.AddUnread(one.Place, $"{one.Key}: {why}");
}
