using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;

namespace DlmUpdater.Configuration;

/// <summary>Finds the drop-in files that hold.</summary>
internal static class DropIns
{
    /// <summary>The <c>*.ini</c> files of <paramref name="directories"/> in the byte order of their names; of files with the same name
    /// the one in the later directory. Names that are passed over among scripts are here too; a missing directory is an empty one.</summary>
    internal static List<string> Find(IReadOnlyList<string> directories, int layer, TrustChain chain, Findings findings)
    {
        List<string>? found = null;
        foreach (string directory in directories)
        {
            if (FileFacts.IsMissing(directory))
                continue;
            // Who can write here can take a file away, and with it a restriction.
            if (chain.Check(directory) is { File: not null, Reasons: { Count: > 0 } reasons })
                findings.Add(Severity.NewRuns, new Place(layer, directory), $"others can change what is read here: {Display.Plain(string.Join("; ", reasons))}");
            try
            {
                foreach (string path in Directory.EnumerateFileSystemEntries(directory))
                {
                    string name = Path.GetFileName(path);
                    if (!name.EndsWith(".ini", StringComparison.Ordinal) || ScriptOrder.SkipReason(name) is not null)
                        continue;
                    found ??= [];
                    found.RemoveAll(f => Path.GetFileName(f) == name);
                    found.Add(path);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                findings.Add(Severity.Error, new Place(layer, directory), $"cannot be read: {FileErrors.Text(e)}");
            }
        }

        found?.Sort(static (a, b) => ScriptOrder.Compare(Path.GetFileName(a), Path.GetFileName(b)));
        return found ?? [];
    }
}
