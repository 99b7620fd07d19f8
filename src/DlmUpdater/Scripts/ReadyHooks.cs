using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Whether a script of a ready hook runs on this host.</summary>
internal enum HookStanding
{
    /// <summary>It is not linked.</summary>
    Off,

    /// <summary>Its link is there.</summary>
    On,

    /// <summary>Something else has its name: what that is, an admin must say.</summary>
    Taken,
}

/// <summary>One script of a ready hook.</summary>
/// <param name="Stage">Whose directory it is for.</param>
/// <param name="Path">The script.</param>
/// <param name="Link">What runs it: a link to it, in the stage's directory.</param>
/// <param name="Description">What its header says.</param>
/// <param name="Standing">Whether the link is there.</param>
internal sealed record HookScript(ScriptStage Stage, string Path, string Link, string? Description, HookStanding Standing);

/// <summary>A ready hook: scripts for one package manager or service, in directories named as the stages.</summary>
/// <param name="Name">The name of its directory.</param>
/// <param name="Scripts">In the order of the run.</param>
internal sealed record ReadyHook(string Name, IReadOnlyList<HookScript> Scripts)
{
    /// <summary><c>on</c>, <c>off</c>, or <c>partly</c>.</summary>
    internal string State => Scripts.All(s => s.Standing == HookStanding.On) ? "on" : Scripts.Any(s => s.Standing == HookStanding.On) ? "partly" : "off";
}

/// <summary>The scripts that the package brings ready to use. Nothing of them runs before an admin has linked it.</summary>
/// <param name="settings">Where they are, and where links to them go.</param>
internal sealed class ReadyHooks(ScriptSettings settings)
{
    /// <summary>The names, in byte order; none where the package's directory is not. Null, and why, if it cannot be read.</summary>
    internal IReadOnlyList<string>? Names(out string why) => List(settings.Hooks, Directory.GetDirectories, out why)?.Select(Path.GetFileName).ToArray()!;

    /// <summary>One of them. Null: there is none of that name, or, if <paramref name="why"/> is not empty, it cannot be read.</summary>
    internal ReadyHook? Find(string name, out string why)
    {
        why = "";
        if (name.Contains('/') || name.StartsWith('.') || Names(out why)?.Contains(name) != true) return null;
        var scripts = new List<HookScript>();
        foreach (ScriptStage stage in ScriptStages.All)
        {
            if (List(Path.Combine(settings.Hooks, name, stage.DirectoryName()), Directory.GetFiles, out why) is not { } files) return null;
            foreach (string file in files) scripts.Add(Look(stage, file));
        }

        return new ReadyHook(name, scripts);
    }

    /// <summary>What a directory contains, in byte order; nothing if it does not exist. Null, and why, if it cannot be read.</summary>
    private static string[]? List(string directory, Func<string, string[]> list, out string why)
    {
        why = "";
        try
        {
            string[] found = [.. list(directory).Where(path => ScriptOrder.SkipReason(Path.GetFileName(path)) is null)];
            Array.Sort(found, StringComparer.Ordinal);
            return found;
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (UnauthorizedAccessException)
        {
            why = $"{directory} cannot be read by this user: run as root, or change its mode";
        }
        catch (IOException e)
        {
            why = $"{directory} cannot be read: {FileErrors.Text(e)}";
        }

        return null;
    }

    /// <summary>Links every script of it. Null, or why nothing was linked, or not all.</summary>
    internal static string? Enable(ReadyHook hook)
    {
        if (hook.Scripts.Where(s => s.Standing == HookStanding.Taken).Select(s => s.Link).ToArray() is { Length: > 0 } taken)
            return $"{string.Join(", ", taken)}: exists, and is no link to this hook; nothing is linked: move it away first";
        return Each(hook, HookStanding.Off, "create the link", script =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(script.Link)!);
            File.CreateSymbolicLink(script.Link, script.Path);
        });
    }

    /// <summary>Removes its links, and nothing else. Null, or why not all are gone.</summary>
    internal static string? Disable(ReadyHook hook) => Each(hook, HookStanding.On, "remove the link", script => File.Delete(script.Link));

    /// <summary>Acts on each script with that standing. Null, or why it stopped.</summary>
    private static string? Each(ReadyHook hook, HookStanding standing, string what, Action<HookScript> act)
    {
        foreach (HookScript script in hook.Scripts.Where(s => s.Standing == standing))
        {
            try
            {
                act(script);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return FileErrors.Describe(what, script.Link, e, "[scripts] directory");
            }
        }

        return null;
    }

    private HookScript Look(ScriptStage stage, string file)
    {
        string link = Path.Combine(settings.Directories[stage], Path.GetFileName(file));
        var there = new FileInfo(link);
        HookStanding standing = there.LinkTarget is { } target
            ? Path.GetFullPath(target, Path.GetDirectoryName(link)!) == Path.GetFullPath(file) ? HookStanding.On : HookStanding.Taken
            : there.Exists || Directory.Exists(link) ? HookStanding.Taken : HookStanding.Off;
        return new HookScript(stage, file, link, ScriptHeader.Parse(RunnableCheck.ReadHead(file, out _)?.Lines ?? []).Header.Description, standing);
    }
}
