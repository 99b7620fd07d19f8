using System.Runtime.InteropServices;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Host;

/// <summary>What a walk to a file found.</summary>
/// <param name="Reasons">Why the file cannot be trusted; empty if it can.</param>
/// <param name="File">What stands at the end; null if the walk did not get there.</param>
/// <param name="Missing">True if something on the way does not exist.</param>
/// <param name="Links">How many links were followed.</param>
internal sealed record TrustResult(IReadOnlyList<string> Reasons, FileFacts? File, bool Missing, int Links)
{
    /// <summary>Those of the reasons that name another user as the owner of something on the way.</summary>
    internal IReadOnlyList<string> Owners { get; init; } = [];
}

/// <summary>Walks to a file as the kernel does, link by link, and looks at everything on the way that somebody could change: each
/// directory, each link, the file. If only trusted users can change any of them, the path that was checked is the path that is run.</summary>
/// <param name="owner">The one user besides root who may own what is on the way.</param>
/// <param name="readOnlyIsSafe">True: mode bits do not count on a read-only mount, where nobody can use them. Kubernetes mounts each ConfigMap with
/// mode 0777 and read-only.</param>
internal sealed class TrustChain(uint owner, bool readOnlyIsSafe = false)
{
    private const int MostLinks = 40;

    // The same / and /etc stand above every script. Good for one scan, not for longer: an admin may mend them meanwhile.
    private readonly Dictionary<string, Sight> _seen = [];

    /// <summary>Walks to <paramref name="path"/>, which is absolute, and collects every reason against it.</summary>
    public TrustResult Check(string path)
    {
        var reasons = new Reasons();
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
                reasons.All.Add($"{Shown(at)} is not a directory");
                return reasons.Result(null, true, links);
            }

            string here = at == "/" ? "/" + name : at + "/" + name;
            facts = Look(here, reasons, out int error);
            if (facts is null)
            {
                reasons.All.Add(error == Native.ENOENT ? $"{Shown(here)} does not exist" : $"{Shown(here)}: {Marshal.GetPInvokeErrorMessage(error)}");
                return reasons.Result(null, error == Native.ENOENT, links);
            }

            if (!facts.Value.IsLink)
            {
                at = here;
                continue;
            }

            string? target = FileFacts.TargetOf(here);
            if (++links > MostLinks || target is null)
            {
                reasons.All.Add(target is null ? $"{Shown(here)} cannot be read as a link" : $"{Shown(path)} goes through more than {MostLinks} links");
                return reasons.Result(null, false, links);
            }

            if (target.StartsWith('/'))
                at = "/";
            facts = Look(at, reasons, out _);
            Push(pending, target);
        }

        return reasons.Result(facts, false, links);
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
    private FileFacts? Look(string path, Reasons reasons, out int error)
    {
        if (!_seen.TryGetValue(path, out Sight? seen))
        {
            FileFacts? facts = FileFacts.Read(path, false, out int failed);
            _seen.Add(path, seen = new Sight(facts, failed, facts is { } f ? AgainstOwner(path, f) : null, facts is { } found ? AgainstMode(path, found) : []));
        }

        reasons.Add(seen.Owner, seen.Mode);
        error = seen.Error;
        return seen.Facts;
    }

    // The null device is writable by all, and changes nothing for it. Where it may stand is the caller's business.
    private string? AgainstOwner(string path, FileFacts facts) => facts.IsNullDevice || facts.Uid == 0 || facts.Uid == owner
        ? null
        : $"{Shown(path)} is owned by uid {facts.Uid}, not by root{(owner == 0 ? "" : $" or uid {owner}")}";

    private string[] AgainstMode(string path, FileFacts facts)
    {
        // A link's own mode means nothing: who may change it is said by its directory.
        if (facts.IsLink || facts.IsNullDevice || (facts.Mode & 0b010_010) == 0 || (readOnlyIsSafe && IsReadOnly(path)))
            return [];
        var against = new List<string>(2);
        if ((facts.Mode & 0b010_000) != 0)
            against.Add($"{Shown(path)} is writable by its group (mode {facts.ModeText})");
        if ((facts.Mode & 0b010) != 0)
            against.Add($"{Shown(path)} is writable by others (mode {facts.ModeText})");
        return [.. against];
    }

    private static unsafe bool IsReadOnly(string path)
    {
        Native.Files.StatVfs found;
        return Native.Files.statvfs(path, &found) == 0 && (found.Flags & Native.Files.ST_RDONLY) != 0;
    }

    private sealed record Sight(FileFacts? Facts, int Error, string? Owner, string[] Mode);

    /// <summary>The reasons of one walk, each once.</summary>
    private sealed class Reasons
    {
        private readonly List<string> _owners = [];

        internal List<string> All { get; } = [];

        internal void Add(string? owner, string[] mode)
        {
            if (owner is not null && !All.Contains(owner))
            {
                All.Add(owner);
                _owners.Add(owner);
            }

            foreach (string reason in mode)
            {
                if (!All.Contains(reason))
                    All.Add(reason);
            }
        }

        internal TrustResult Result(FileFacts? file, bool missing, int links) => new(All, file, missing, links) { Owners = _owners };
    }
}
