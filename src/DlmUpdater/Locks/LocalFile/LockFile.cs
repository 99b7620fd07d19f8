using DlmUpdater.Host;

namespace DlmUpdater.Locks.LocalFile;

/// <summary>What came of reading a lock file.</summary>
internal abstract record LockFileReading
{
    /// <summary>The lock as it stands. <paramref name="Stamp"/>: the revision with the file's identity, so that an edit by hand is seen as a change too.</summary>
    internal sealed record Found(LockFileContent Content, string Stamp) : LockFileReading;

    /// <summary>There is no such lock yet.</summary>
    internal sealed record Missing : LockFileReading;

    /// <summary>It cannot be understood, and is left as it is.</summary>
    internal sealed record Damaged(string Why) : LockFileReading;

    /// <summary>It cannot be read.</summary>
    internal sealed record Failed(string Why, int Errno) : LockFileReading;
}

/// <summary>The file of one lock.</summary>
/// <param name="directory">Where it is, absolute.</param>
/// <param name="name">The lock's name.</param>
internal sealed class LockFile(string directory, string name)
{
    /// <summary>The key that moves it.</summary>
    internal const string Setting = "[file] directory";

    private const int Limit = 1 << 20;

    /// <summary>Its path.</summary>
    internal string Path { get; } = System.IO.Path.Combine(directory, FileName(name));

    /// <summary>The path of the file whose flock guards every change.</summary>
    internal string GuardPath { get; } = System.IO.Path.Combine(directory, name + ".guard");

    /// <summary>The stamp of a lock that does not exist.</summary>
    internal static string NoStamp => "0";

    /// <summary>The file name of a lock.</summary>
    internal static string FileName(string name) => name + ".json";

    /// <summary>The locks that have a file in <paramref name="directory"/>, in byte order; null, and why, if it cannot be listed.</summary>
    internal static IReadOnlyList<string>? NamesIn(string directory, out string why)
    {
        why = "";
        try
        {
            return [.. Directory.GetFiles(directory, "*.json").Select(p => System.IO.Path.GetFileNameWithoutExtension(p)).Where(n => Forbids(n) is null).Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            why = $"the directory {directory} does not exist: mount it or make it again, or set {Setting}";
        }
        catch (UnauthorizedAccessException)
        {
            why = $"the directory {directory} cannot be listed by this user: run as root, or let this user read it";
        }
        catch (IOException e)
        {
            why = $"the directory {directory} cannot be listed: {FileErrors.Text(e)}";
        }

        return null;
    }

    /// <summary>Null, or why <paramref name="name"/> cannot name a file: one line.</summary>
    internal static string? Forbids(string name) => name switch
    {
        "" => "the file lock service needs a name for the lock: set [lock] name",
        _ when name[0] == '.' || name.Contains('/', StringComparison.Ordinal) || name.AsSpan().ContainsAnyInRange('\0', '\x1f')
            => $"the lock name '{name}' cannot name a file (no '/', no control characters, no '.' in front): change [lock] name",
        _ when System.Text.Encoding.UTF8.GetByteCount(name) > 200 => "the lock name is longer than 200 bytes: shorten [lock] name",
        _ => null,
    };

    /// <summary>Reads it. A consistent look needs no guard: the file is only ever replaced whole.</summary>
    internal LockFileReading Read()
    {
        switch (OwnFile.Read(Path, Limit))
        {
            case FileReading.Missing:
                return new LockFileReading.Missing();
            case FileReading.Failed failed:
                return new LockFileReading.Failed(FileErrors.Describe("read", Path, failed.Errno, Setting), failed.Errno);
            case FileReading.Content content:
                return LockFileFormat.Read(content.Bytes, out string why) is { } read
                    ? new LockFileReading.Found(read, $"{read.Revision}-{content.Facts.Inode}-{content.Facts.Modified.Seconds}.{content.Facts.Modified.Nanoseconds}")
                    : Damaged(content.Bytes.Length == 0 ? "is empty" : why);
            case FileReading.NotAFile not:
                return Damaged(not.What);
            default:
                return Damaged("cannot be read");
        }
    }

    /// <summary>Replaces it, durable. Only under the guard.</summary>
    internal FileFailure? Write(LockFileContent content) => DurableFile.Replace(Path, LockFileFormat.Write(name, content), Setting);

    /// <summary>The stamp as it stands; null if the file cannot be read or understood.</summary>
    internal string? Stamp() => Read() switch
    {
        LockFileReading.Found found => found.Stamp,
        LockFileReading.Missing => NoStamp,
        _ => null,
    };

    private LockFileReading.Damaged Damaged(string what) => new(
        $"the lock file {Path} {what}: nobody can take this lock until it is mended; see on the hosts that share it who holds the lock, then correct or remove the file");
}
