using DlmUpdater.Configuration.Adopted;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Configuration;

/// <summary>Loads the configuration: main file, drop-ins, environment, flags; each wins over what stands before it. Where this program's own sets nothing, that
/// of an older tool on this host stands in for the main file. Reads everything and complains of everything at once; never throws for what it finds.</summary>
internal static class ConfigurationLoader
{
    /// <summary>Loads what <paramref name="request"/> asks for.</summary>
    internal static LoadedConfiguration Load(ConfigurationRequest request)
    {
        string main = Absolute(request.File, request.WorkingDirectory);
        var reading = new ConfigurationReading(request);
        reading.Files(main);
        string? notice = null;
        if (main == request.OwnFile && reading.FoundNothing && OldConfiguration.Find(request.OldFiles, request.UnitDirectories, request.Environment) is { Count: > 0 } old)
        {
            if (old.Count > 1)
            {
                reading.Findings.Add(Severity.Error, new Place(0, main),
                    $"sets nothing, and there are {string.Join(" and ", old)}: name one with --config, or write one down here with 'dlm-updater import'");
            }
            else
            {
                notice = $"{main} sets nothing: {old[0]} of {OldTools.Of(old[0]).Name()} is used in its place";
                main = old[0];
                reading = new ConfigurationReading(request);
                reading.Files(main);
            }
        }
        else if (OldTools.Of(main) is var tool and not OldTool.None)
        {
            notice = $"{main} is the configuration of {tool.Name()}, and is read as it stands";
        }

        // A file that is not there sets nothing; one that cannot be read may set anything.
        bool isAmbiguous = reading.FoundNothing ? reading.Findings.AnyError && !reading.IsMissing : reading.Findings.AnyUnread;
        UpdaterSettings settings = reading.Assemble(main);
        return new LoadedConfiguration(reading.Findings.AnyError ? null : settings, reading.Findings.InOrder(), reading.Read)
        {
            Notice = notice,
            Names = reading.Values.OldNames(),
            Paths = isAmbiguous || reading.Findings.IsWrong("main", "state") || reading.Findings.IsWrong("main", "state_dir") ? null : settings.Paths,
        };
    }

    /// <summary>What one file alone says, without drop-ins, environment and flags, and what is wrong with it.</summary>
    internal static TranslatedConfiguration Translate(string file, string workingDirectory)
    {
        string main = Absolute(file, workingDirectory);
        ConfigurationReading reading = Alone(OldTools.NamesLock(main));
        reading.Files(main);
        if (!reading.FoundNothing) _ = reading.Assemble(main);
        return new TranslatedConfiguration(OldTools.Of(main), reading.Values, reading.Findings.InOrder()) { NamesLock = OldTools.NamesLock(main) };
    }

    /// <summary>Reads back what is to be written to <paramref name="file"/>. Every complaint that keeps it from being used, and every value of
    /// <paramref name="translated"/> that it does not say.</summary>
    internal static IReadOnlyList<string> ReadBack(byte[] content, string file, TranslatedConfiguration translated)
    {
        ConfigurationReading reading = Alone(translated.NamesLock);
        reading.Content(file, content);
        _ = reading.Assemble(file);
        var wrong = reading.Findings.InOrder().Where(c => c.Severity != Severity.Warning).Select(c => c.Text).ToList();
        if (wrong.Count > 0) return wrong;
        foreach ((SettingKey key, ConfiguredValue value) in translated.Values.All())
        {
            string? back = reading.Values.TextOf(key);
            if (back != key.Today(value.Text)) wrong.Add($"{value.Place}: {translated.Values.NameOf(key)}: this value cannot be written into an INI file as it is");
        }

        return wrong;
    }

    /// <summary>True if the file exists, can be read, and sets nothing: nothing is lost with it.</summary>
    internal static bool SetsNothing(string file)
    {
        ConfigurationReading reading = Alone(namesLock: true);
        reading.Files(file);
        return reading.FoundNothing && reading.Findings.Count == 0;
    }

    private static ConfigurationReading Alone(bool namesLock) =>
        new(new ConfigurationRequest { DropInDirectories = [], ChecksPlaces = false, Secrets = SecretUse.None, NeedsLockName = namesLock });

    /// <summary>Before anything else, since other parts would take a relative path from another directory. Links and <c>..</c> are left to
    /// the kernel: it alone knows what they mean together.</summary>
    private static string Absolute(string path, string workingDirectory)
    {
        if (path.StartsWith('/'))
            return path;
        while (path.StartsWith("./", StringComparison.Ordinal))
            path = path[2..].TrimStart('/');
        return workingDirectory.TrimEnd('/') + "/" + path;
    }
}
