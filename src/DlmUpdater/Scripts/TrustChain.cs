using System.Runtime.InteropServices;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>What a walk to a file found.</summary>
/// <param name="Reasons">Why the file cannot be trusted; empty if it can.</param>
/// <param name="File">What stands at the end; null if the walk did not get there.</param>
/// <param name="Missing">True if something on the way does not exist.</param>
/// <param name="Links">How many links were followed.</param>
internal sealed record TrustResult(IReadOnlyList<string> Reasons, FileFacts? File, bool Missing, int Links);

/// <summary>Walks to a file as the kernel does, link by link, and looks at everything on the way that somebody could change: each
/// directory, each link, the file. If only trusted users can change any of them, the path that was checked is the path that is run.</summary>
/// <param name="owner">The one user besides root who may own what is on the way.</param>
internal sealed class TrustChain(uint owner)
{
    private const int MostLinks = 40;

    // The same / and /etc stand above every script. Good for one scan, not for longer: an admin may mend them meanwhile.
    private readonly Dictionary<string, Sight> _seen = [];

    /// <summary>Walks to <paramref name="path"/>, which is absolute, and collects every reason against it.</summary>
    public TrustResult Check(string path)
    {
        var reasons = new List<string>();
        var pending = new Stack<string>();
        string at = "/";
        int links = 0;
        FileFacts? facts = Look(at, reasons, out _);
        Push(pending, path);

        while (pending.TryPop(out string? name))
        {
            if (name == "..")
            {
                at = Parent(at);
                facts = Look(at, reasons, out _);
                continue;
            }

            if (facts is { IsDirectory: false })
            {
                reasons.Add($"{Shown(at)} is not a directory");
                return new(reasons, null, true, links);
            }

            string here = at == "/" ? "/" + name : at + "/" + name;
            facts = Look(here, reasons, out int error);
            if (facts is null)
            {
                reasons.Add(error == Native.ENOENT ? $"{Shown(here)} does not exist" : $"{Shown(here)}: {Marshal.GetPInvokeErrorMessage(error)}");
                return new(reasons, null, error == Native.ENOENT, links);
            }

            if (!facts.Value.IsLink)
            {
                at = here;
                continue;
            }

            string? target = FileFacts.TargetOf(here);
            if (++links > MostLinks || target is null)
            {
                reasons.Add(target is null ? $"{Shown(here)} cannot be read as a link" : $"{Shown(path)} goes through more than {MostLinks} links");
                return new(reasons, null, false, links);
            }

            if (target.StartsWith('/'))
                at = "/";
            facts = Look(at, reasons, out _);
            Push(pending, target);
        }

        return new(reasons, facts, false, links);
    }

    /// <summary>A path without anything that could forge a log line.</summary>
    public static string Shown(string path) => PlainText.Line(path);

    private static void Push(Stack<string> pending, string path)
    {
        string[] names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int i = names.Length - 1; i >= 0; i--)
        {
            if (names[i] != ".")
                pending.Push(names[i]);
        }
    }

    private static string Parent(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash <= 0 ? "/" : path[..slash];
    }

    /// <summary>Looks at one thing on the way, once, and adds what speaks against it, once.</summary>
    private FileFacts? Look(string path, List<string> reasons, out int error)
    {
        if (!_seen.TryGetValue(path, out Sight? seen))
        {
            FileFacts? facts = FileFacts.Read(path, false, out int failed);
            _seen.Add(path, seen = new Sight(facts, failed, facts is null ? [] : Against(path, facts.Value)));
        }

        foreach (string reason in seen.Reasons)
        {
            if (!reasons.Contains(reason))
                reasons.Add(reason);
        }

        error = seen.Error;
        return seen.Facts;
    }

    private string[] Against(string path, FileFacts facts)
    {
        // The null device is writable by all, and changes nothing for it. Where it may stand is the caller's business.
        if (facts.IsNullDevice)
            return [];
        var against = new List<string>(0);
        if (facts.Uid != 0 && facts.Uid != owner)
            against.Add($"{Shown(path)} is owned by uid {facts.Uid}, not by root{(owner == 0 ? "" : $" or uid {owner}")}");

        // A link's own mode means nothing: who may change it is said by its directory.
        if (!facts.IsLink && (facts.Mode & 0b010_000) != 0)
            against.Add($"{Shown(path)} is writable by its group (mode {facts.ModeText})");
        if (!facts.IsLink && (facts.Mode & 0b010) != 0)
            against.Add($"{Shown(path)} is writable by others (mode {facts.ModeText})");
        return [.. against];
    }

    private sealed class Sight(FileFacts? facts, int error, string[] reasons)
    {
        internal FileFacts? Facts { get; } = facts;

        internal int Error { get; } = error;

        internal string[] Reasons { get; } = reasons;
    }
}
