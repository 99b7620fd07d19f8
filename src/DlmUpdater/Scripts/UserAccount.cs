using System.Runtime.InteropServices;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>A user that scripts run as.</summary>
/// <param name="Name">The login name.</param>
/// <param name="Uid">The user id.</param>
/// <param name="Gid">The primary group.</param>
/// <param name="Home">The home directory.</param>
/// <param name="Groups">Every group, the primary one included.</param>
internal sealed record UserAccount(string Name, uint Uid, uint Gid, string Home, uint[] Groups)
{
    private const int MostBuffer = 1 << 20;

    /// <summary>Looks up <paramref name="name"/> where the host looks (files, directory services).</summary>
    public static unsafe UserLookup Find(string name)
    {
        for (int size = 2048; ; size *= 4)
        {
            byte* buffer = (byte*)NativeMemory.Alloc((nuint)size);
            try
            {
                Native.Users.Passwd entry;
                Native.Users.Passwd* found;
                int error = Native.Users.getpwnam_r(name, &entry, buffer, (nuint)size, &found);
                if (error == Native.Users.ERANGE && size < MostBuffer)
                    continue;
                if (error is not 0 and not Native.ENOENT and not Native.ESRCH)
                    return new(null, $"user {name} cannot be looked up: {Marshal.GetPInvokeErrorMessage(error)}");
                return found is null || error != 0
                    ? new(null, $"user {name} does not exist on this host")
                    : new(From(found, true), null);
            }
            finally
            {
                NativeMemory.Free(buffer);
            }
        }
    }

    /// <summary>The user of this process. One without an entry (an empty container) is given what a shell would assume.</summary>
    public static unsafe UserAccount Own()
    {
        uint uid = Native.geteuid();
        const int Size = 16 * 1024;
        byte* buffer = stackalloc byte[Size];
        Native.Users.Passwd entry;
        Native.Users.Passwd* found;
        if (Native.Users.getpwuid_r(uid, &entry, buffer, Size, &found) == 0 && found is not null)
            return From(found, false);
        return uid == 0 ? new("root", 0, 0, "/root", []) : new(uid.ToString(), uid, Native.Users.getegid(), "/", []);
    }

    private static unsafe UserAccount From(Native.Users.Passwd* entry, bool withGroups)
    {
        string name = Text(entry->Name);
        string home = Text(entry->Home);
        return new(name, entry->Uid, entry->Gid, home.StartsWith('/') ? home : "/", withGroups ? GroupsOf(name, entry->Gid) : []);
    }

    private static string Text(nint pointer) => Marshal.PtrToStringUTF8(pointer) ?? "";

    private static unsafe string Text(byte* pointer) => Text((nint)pointer);

    private static unsafe uint[] GroupsOf(string name, uint primary)
    {
        int count = 64;
        while (true)
        {
            var groups = new uint[count];
            int room = count;
            fixed (uint* first = groups)
            {
                if (Native.Users.getgrouplist(name, primary, first, &count) >= 0)
                    return groups[..count];
            }

            // Too small: the call said how many there are. A directory that grows meanwhile asks for another turn.
            count = Math.Max(count, room * 2);
        }
    }
}

/// <summary>A user, or why there is none: a sentence part.</summary>
internal sealed record UserLookup(UserAccount? Account, string? Why);
